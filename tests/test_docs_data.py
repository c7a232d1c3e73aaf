"""docs/data.md: its table is the catalogue's, its snippets run."""

import functools
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import xferlab
from tests.shared import shared_data
from xferlab.benchmark.own.modules import load_module
from xferlab.data.catalogue.sets.table import DATA_SETS, markdown_table

PAGE = (Path(__file__).parent.parent / "docs/data.md").read_text("utf-8")
ARRAYS, PARTS, FOLDERS, CSV, HEADS, PLAIN, STREAM = re.findall(
    r"```python\n(.*?)```", PAGE, flags=re.DOTALL
)


@pytest.fixture
def in_folder(monkeypatch, tmp_path):
    """Runs the snippets in an empty folder, with one short run where a user has five long ones."""
    monkeypatch.setattr(xferlab, "compare", functools.partial(xferlab.compare, seeds=1, steps=20))
    monkeypatch.chdir(tmp_path)


def execute(snippet, **names):
    exec(compile(snippet, "docs/data.md", "exec"), names)
    return names


def make_images(folder):
    for level, label in enumerate(("cat", "dog")):
        (folder / label).mkdir(parents=True)
        for number in range(10):
            image = Image.new("RGB", (9, 7), (99 * level, 9 * number, 0))
            image.save(folder / label / f"{number}.png")


@pytest.mark.fast
def test_the_table_is_the_catalogue():
    assert f"\n{markdown_table()}\n" in PAGE


@pytest.mark.fast
@pytest.mark.parametrize("snippet", [ARRAYS, FOLDERS, CSV])
def test_own_data_take_five_lines(snippet):
    assert len([line for line in snippet.splitlines() if line]) <= 5


@pytest.mark.fast
def test_own_arrays(in_folder):
    rng = np.random.default_rng(0)
    arrays = {"x_old": rng.normal(size=(20, 3)), "x_new": rng.normal(size=(30, 3))}
    labels = {"y_old": np.arange(20) % 2, "y_new": np.arange(30) % 2}
    names = execute(ARRAYS, **arrays, **labels)
    assert len(names["target"].splits["test"].labels) == 6
    check(names["table"], "old sensor->new sensor")


def test_own_parts(in_folder):
    rng, labels = np.random.default_rng(0), np.arange(40) % 2
    source, target = (xferlab.domain_from_arrays(n, rng.normal(size=(40, 4)), labels) for n in "ab")
    names = execute(PARTS, xferlab=xferlab, source=source, target=target, MyLoss=my_loss())
    table = names["table"]
    assert table.spec.rules[1] == "snd" and list(table.by_metric) == ["accuracy", "macro_f1"]
    assert set(table.cells["method"]) == {"source_only", "dann", "my_loss"}


def my_loss():
    """The class of CONTRIBUTING."""
    page = (Path(__file__).parent.parent / "CONTRIBUTING.md").read_text("utf-8")
    path = Path("my_loss.py")
    path.write_text(re.search(r"```python\n(.*?class MyLoss.*?)```", page, flags=re.DOTALL)[1])
    return load_module(path).MyLoss


def test_own_heads(in_folder):
    rng = np.random.default_rng(0)
    arrays = {"x_clean": rng.normal(size=(40, 3)), "x_photo": rng.normal(size=(30, 3))}
    classes = np.ma.masked_array(np.arange(40) % 2, mask=np.arange(40) % 4 == 0)
    slants = np.where(np.arange(40) % 3, rng.normal(size=40), np.nan)
    labels = {"digits": classes, "digits_too": np.arange(30) % 2}
    names = execute(HEADS, **arrays, **labels, slants=slants, slants_too=rng.normal(size=30))
    check(names["table"], "clean->photo")
    (page,) = Path("two_heads").glob("*.md")
    assert "slant: root mean squared error, lower is better" in page.read_text()


def test_own_image_folders(in_folder, tmp_path):
    for name in ("photos", "drawings"):
        make_images(tmp_path / name)
    names = execute(FOLDERS)
    assert names["source"].class_names == ("cat", "dog")
    assert names["source"].input_shape == (32, 32, 3)
    check(names["table"], "photos->drawings")


def test_own_csv_of_texts(in_folder, tmp_path):
    rows = [f"a {word} thing,{label}" for word, label in (("good", "pos"), ("bad", "neg"))]
    for name in ("shop", "forum"):
        (tmp_path / f"{name}.csv").write_text("\n".join(["text,label", *rows * 10]))
    names = execute(CSV)
    assert names["domains"]["shop"].class_names == ("neg", "pos")
    check(names["table"], "shop->forum")


def check(table, task):
    """Both methods of the snippet have a score."""
    last = table.cells.query("rule == 'last'")
    assert set(last["task"]) == {task}
    assert list(last["method"]) == ["source_only", "dann"]
    assert last["mean"].between(0, 100).all()


def test_the_plain_form():
    names = execute(PLAIN, data_dir=shared_data("office_caltech10"))
    assert names["raw"].test is None and len(names["raw"].train.labels) == 157
    assert {len(split.labels) for split in names["dslr"].splits.values()} == {157}


def test_streaming(tmp_path):
    classes = DATA_SETS["office_caltech10"].class_names
    for label in classes:
        (tmp_path / "office_caltech10/images/amazon" / label).mkdir(parents=True)
        folder = tmp_path / "office_caltech10/images/dslr" / label
        folder.mkdir(parents=True)
        Image.new("RGB", (9, 7)).save(folder / "1.png")
    names = execute(STREAM, data_dir=tmp_path)
    assert sorted(example["label"] for example in names["images"]) == list(range(10))
