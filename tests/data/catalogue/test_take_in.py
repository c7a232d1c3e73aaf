"""Importing folders: what is recognised, skipped, kept, replaced and refused."""

import re

import numpy as np
import pytest

from tests.data.made_sets import PAIR, made_split, make_set, use_catalogue, write_pair
from tests.shared import shared_data
from xferlab.core.errors import InputError
from xferlab.core.names import NameTable
from xferlab.data.catalogue.load import domain_of, load_raw
from xferlab.data.catalogue.plain_file import write_plain
from xferlab.data.catalogue.prepare import prepare
from xferlab.data.catalogue.sets.table import DATA_SETS
from xferlab.data.catalogue.take_in import Imported, import_folder

LEFT = Imported("pair", "left", "written", 12)
RIGHT = Imported("pair", "right", "written", 24)


@pytest.fixture
def made(monkeypatch):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.take_in", "xferlab.data.catalogue.load")


def run(source, data_dir, **options):
    return list(import_folder(source, data_dir, **options))


@pytest.mark.fast
def test_every_known_form_under_a_folder(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    (tmp_path / "source/sacks").mkdir()
    (tmp_path / "source/sacks/bags.bin").touch()
    (tmp_path / "source/unknown").mkdir()
    done = run(tmp_path / "source", tmp_path / "data")
    assert done == [LEFT, RIGHT, Imported("bags", "words", "written", 12)]
    raw = load_raw("pair", tmp_path / "data")["left"]
    assert (raw.train.inputs == made_split().inputs).all()
    assert len(load_raw("bags", tmp_path / "data")["words"].test.labels) == 4


@pytest.mark.fast
def test_the_folder_of_one_data_set(made, tmp_path):
    write_pair(tmp_path / "pair")
    assert run(tmp_path / "pair", tmp_path / "data") == [LEFT, RIGHT]
    (tmp_path / "pair").rename(tmp_path / "as_unpacked")
    with pytest.raises(InputError, match=r"as_unpacked has no known.*pair, bags.*datasets="):
        run(tmp_path / "as_unpacked", tmp_path / "other")
    assert run(tmp_path / "as_unpacked", tmp_path / "other", names=["pair"]) == [LEFT, RIGHT]


@pytest.mark.fast
def test_another_data_directory_is_copied(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    run(tmp_path / "source", tmp_path / "data")
    assert run(tmp_path / "data", tmp_path / "copy") == [LEFT, RIGHT]
    assert run(tmp_path / "data/pair", tmp_path / "second") == [LEFT, RIGHT]
    first, copy = (load_raw("pair", tmp_path / name)["right"] for name in ("data", "second"))
    assert (first.test.inputs == copy.test.inputs).all()


@pytest.mark.fast
def test_what_is_there_is_left_alone_unless_told(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    run(tmp_path / "source", tmp_path / "data")
    right = tmp_path / "data/pair/right.npz"
    write_plain(right.parent, "right", load_raw("pair", tmp_path / "data")["left"])
    written = {path: path.stat().st_mtime_ns for path in right.parent.iterdir()}
    done = run(tmp_path / "source", tmp_path / "data")
    assert [each.outcome for each in done] == ["there already", "kept"]
    assert f"{right} holds something else; --overwrite" in done[1].note
    assert written == {path: path.stat().st_mtime_ns for path in right.parent.iterdir()}
    done = run(tmp_path / "source", tmp_path / "data", overwrite=True)
    assert [each.outcome for each in done] == ["written", "written"]
    assert load_raw("pair", tmp_path / "data")["right"].test is not None


@pytest.mark.fast
def test_a_damaged_plain_file_is_replaced_when_told(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    (tmp_path / "data/pair").mkdir(parents=True)
    (tmp_path / "data/pair/left.npz").write_bytes(b"PK half")
    assert run(tmp_path / "source", tmp_path / "data")[0].outcome == "kept"
    assert run(tmp_path / "source", tmp_path / "data", overwrite=True)[0] == LEFT


@pytest.mark.fast
def test_a_damaged_data_set_does_not_stop_the_others(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    (tmp_path / "source/pair/left.txt").write_text("1 2 x 0\n")
    (tmp_path / "source/sacks").mkdir()
    (tmp_path / "source/sacks/bags.bin").touch()
    failed, bags = run(tmp_path / "source", tmp_path / "data")
    assert (failed.dataset, failed.outcome) == ("pair", "failed") and "left.txt" in failed.note
    assert bags.outcome == "written" and not (tmp_path / "data/pair").exists()


@pytest.mark.fast
def test_a_label_outside_the_class_list_is_not_imported(made, tmp_path):
    write_pair(tmp_path / "source/pair")
    table = np.loadtxt(tmp_path / "source/pair/left.txt")
    table[3, -1] = 7
    np.savetxt(tmp_path / "source/pair/left.txt", table)
    (failed,) = run(tmp_path / "source", tmp_path / "data")
    assert "pair left" in failed.note and "label 7 at index 3" in failed.note


@pytest.mark.fast
def test_a_copy_of_another_size_than_the_published_data_is_said_to_be(monkeypatch, tmp_path):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.take_in", "xferlab.data.catalogue.load")
    cut = NameTable("data set", {"pair": make_set(examples={"left": 9298, "right": 24})})
    for module in ("take_in", "load"):
        monkeypatch.setattr(f"xferlab.data.catalogue.{module}.DATA_SETS", cut)
    write_pair(tmp_path / "source/pair")
    said = "it has 12 examples, of the 9298 of Made numbers of two domains"
    for outcome in ("written", "there already"):
        left, right = run(tmp_path / "source", tmp_path / "data")
        assert (left.outcome, left.note) == (outcome, f"left: {said}")
        assert (right.outcome, right.note) == (outcome, "")
    domains = [domain_of("pair", n, tmp_path / "data", split="transductive") for n in PAIR.domains]
    assert [domain.notes for domain in domains] == [(said,), ()]
    lines = []
    prepare(cut["pair"], tmp_path / "source", report=lines.append)
    assert f"pair: left: {said}" in lines


@pytest.mark.fast
def test_the_catalogue_states_the_size_of_what_it_counts():
    for dataset in DATA_SETS.values():
        assert set(dataset.examples) <= set(dataset.domains)
        stated = re.match(r"[^:]*: (\d+)(?: \+ (\d+))? ", dataset.title)
        if dataset.examples and stated and dataset.name != "visda2017":  # Titled otherwise.
            total = sum(int(number or 0) for number in stated.groups())
            assert sum(dataset.examples.values()) == total, dataset.name


@pytest.mark.fast
def test_an_interruption_leaves_whole_files(made, tmp_path, monkeypatch):
    write_pair(tmp_path / "source/pair")
    steps = import_folder(tmp_path / "source", tmp_path / "data")
    assert next(steps) == LEFT
    steps.close()
    assert [path.name for path in (tmp_path / "data/pair").iterdir()] == ["left.npz"]
    assert [e.outcome for e in run(tmp_path / "source", tmp_path / "data")] == [
        "there already",
        "written",
    ]


@pytest.mark.fast
def test_bad_arguments(made, tmp_path):
    with pytest.raises(InputError, match=r"there is no folder .*gone"):
        run(tmp_path / "gone", tmp_path / "data")
    with pytest.raises(InputError, match="unknown data set 'pear'"):
        run(tmp_path, tmp_path / "data", names=["pear"])
    assert PAIR.domains == ("left", "right")


def test_the_real_copies(tmp_path):
    source = shared_data("usps")
    names = ["usps", "office_caltech10_surf", "amazon_reviews"]
    done = run(source, tmp_path, names=names)
    assert [each.outcome for each in done] == ["written"] * 9
    sums = {name: sum(e.examples for e in done if e.dataset == name) for name in names}
    assert sums == {"usps": 9298, "office_caltech10_surf": 2533, "amazon_reviews": 27677}
