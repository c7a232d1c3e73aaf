"""Sorting in a real browser, where there is one."""

import re
import shutil
import subprocess

import pytest

from tests.benchmark.factory import make_run
from xferlab.benchmark.html.report import write_report
from xferlab.benchmark.tables.per_task import build_table
from xferlab.benchmark.tables.spec import TableSpec

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
ACCURACY = {"source_only": 0.5, "dann": 0.9, "mcd": 0.1, "coral": None}


@pytest.fixture(scope="module")
def html(tmp_path_factory):
    runs = [
        make_run(method=method, accuracy=(a or 0,) * 3, diverged=a is None)
        for method, a in ACCURACY.items()
    ]
    table = build_table(runs, TableSpec("t", rules=("last",)))
    path = tmp_path_factory.mktemp("browser") / "report.html"
    return write_report(runs, table, path, versions={}).read_text()


def rows_after(html, folder, clicks, column=1):
    """The methods of the first table after some clicks on a column's header."""
    press = (
        f"document.querySelectorAll('table')[0].tHead.rows[0].cells[{column}].firstChild.click();"
    )
    html = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", html)
    path = folder / "clicked.html"
    path.write_text(html.replace("</body>", f"<script>{press * clicks}</script></body>"))
    command = [BROWSER, "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom"]
    command += [f"--user-data-dir={folder / 'profile'}", path.as_uri()]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    except subprocess.TimeoutExpired:
        pytest.skip("the browser does not answer")
    table = re.search(r"<tbody>(.*?)</tbody>", done.stdout, re.S).group(1)
    return re.findall(r'<th scope="row">(\w+)', table)


@pytest.mark.skipif(BROWSER is None, reason="no browser")
@pytest.mark.parametrize(
    ("clicks", "column", "expected"),
    [
        (0, 1, ["source_only", "dann", "mcd", "coral"]),
        (1, 1, ["dann", "source_only", "mcd", "coral"]),
        (2, 1, ["mcd", "source_only", "dann", "coral"]),
        (3, 1, ["source_only", "dann", "mcd", "coral"]),
        (1, 0, ["coral", "dann", "mcd", "source_only"]),
    ],
)
def test_sorting(html, tmp_path, clicks, column, expected):
    """Best first, worst first, the first order again; a cell without a number stays last."""
    assert rows_after(html, tmp_path, clicks, column) == expected
