"""`xferlab data list | prepare | check | import` on a made catalogue."""

import pytest

from tests.data.made_sets import PAIR, use_catalogue, write_pair
from xferlab.cli.data import run
from xferlab.core.errors import InputError
from xferlab.data.catalogue.sets.table import DATA_SETS

pytestmark = pytest.mark.fast
MODULES = ("xferlab.cli.data", "xferlab.data.catalogue.take_in", "xferlab.data.catalogue.load")


@pytest.fixture
def made(monkeypatch):
    use_catalogue(monkeypatch, *MODULES)


def call(capsys, *arguments):
    assert run(["data", *map(str, arguments)]) == 0
    return capsys.readouterr().out


def test_list_says_what_there_is_and_what_is_here(made, tmp_path, capsys):
    write_pair(tmp_path / "pair")
    out = call(capsys, "list", f"--data_dir={tmp_path}")
    lines = {line.split()[0]: line for line in out.splitlines() if line[0] != " "}
    assert lines["pair"].endswith("present") and lines["tree"].endswith("missing")
    for part in (PAIR.title, "licence: CC0", "cite: ganin2016dann", PAIR.homepage, "by hand"):
        assert part in out


def test_the_real_list_fits_into_100_columns_but_for_addresses(tmp_path, capsys):
    lines = call(capsys, "list", f"--data_dir={tmp_path}").splitlines()
    heads = [line for line in lines if line[0] != " "]
    assert [line.split()[0] for line in heads] == list(DATA_SETS)
    assert max(map(len, heads)) <= 100
    assert max(len(line) for line in lines if "http" not in line) <= 100


def test_import_check_and_import_again(made, tmp_path, capsys):
    write_pair(tmp_path / "source/pair")
    flag = f"--data_dir={tmp_path / 'data'}"
    assert call(capsys, "import", tmp_path / "source", flag) == (
        "pair: 2 domains written, 36 examples.\n"
    )
    out = call(capsys, "check", flag, "pair")
    assert out.startswith("pair/left: whole; all 12 (6 6)  ") and "test 12 (6 6)" in out
    assert "2 domains there already" in call(capsys, "import", tmp_path / "source", flag)


def test_prepare_converts_and_says_so(made, tmp_path, capsys):
    write_pair(tmp_path / "pair")
    out = call(capsys, "prepare", "pair", f"--data_dir={tmp_path}")
    assert f"pair: wrote {tmp_path}/pair/left.npz" in out
    assert call(capsys, "prepare", "pair", f"--data_dir={tmp_path}") == "pair: is there\n"


def test_what_is_missing_is_wrong_only_where_it_is_named(made, tmp_path, capsys):
    assert "pair: missing" in call(capsys, "check", f"--data_dir={tmp_path}")
    with pytest.raises(InputError, match=r"1 of the above are not as they should be: pair$"):
        run(["data", "check", "pair", f"--data_dir={tmp_path}"])


def test_damage_is_told_and_fails(made, tmp_path, capsys):
    write_pair(tmp_path / "pair", label=7)
    with pytest.raises(InputError, match=r"2 of the above .*: pair/left, pair/right"):
        run(["data", "check", f"--data_dir={tmp_path}"])
    assert "damaged" in capsys.readouterr().out
    (tmp_path / "source").mkdir()
    (tmp_path / "pair").rename(tmp_path / "source/pair")
    with pytest.raises(InputError, match="not imported: pair; the reasons are above"):
        run(["data", "import", str(tmp_path / "source"), f"--data_dir={tmp_path}"])
    assert "pair: failed: domain 'pair left'" in capsys.readouterr().out


def test_what_differs_is_kept_unless_told(made, tmp_path, capsys):
    write_pair(tmp_path / "source/pair")
    flags = [f"--data_dir={tmp_path}", "--datasets=pair"]
    call(capsys, "import", tmp_path / "source", *flags)
    write_pair(tmp_path / "source/pair", names=("right", "left"))
    with pytest.raises(InputError, match="not imported: pair"):
        run(["data", "import", str(tmp_path / "source"), *flags])
    assert "--overwrite" in capsys.readouterr().out
    assert "written" in call(capsys, "import", tmp_path / "source", *flags, "--overwrite")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "needs one of list, prepare, check, import"),
        (["chekc"], r"unknown action 'chekc'\. Did you mean: check"),
        (["prepare"], "prepare needs the names"),
        (["prepare", "pear"], r"unknown data set 'pear'\. Did you mean: pair"),
        (["import"], "import takes one folder"),
        (["import", "a", "b"], r"import takes one folder, got \['a', 'b'\]"),
        (["import", "/nowhere"], "there is no folder /nowhere"),
        (["list", "--datadir=x"], "unknown flag 'datadir'. Did you mean: data_dir"),
    ],
)
def test_bad_arguments(made, arguments, message):
    with pytest.raises(InputError, match=message):
        run(["data", *arguments])
