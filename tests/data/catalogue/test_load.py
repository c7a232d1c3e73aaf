"""The plain form: round trips, refusals, and which of several forms is read."""

import numpy as np
import pytest
import scipy.sparse
from PIL import Image

from tests.data import made_sets
from tests.data.made_sets import (
    BAGS,
    CLASSES,
    PAIR,
    READINGS,
    made_split,
    sparse_split,
    use_catalogue,
    write_pair,
)
from xferlab.core.errors import InputError
from xferlab.core.sparse import SparseRows
from xferlab.data.catalogue.load import check_raw, domain_of, forget_forms, load_raw, split_raw
from xferlab.data.catalogue.plain_file import content_digest, is_plain, read_plain, write_plain
from xferlab.data.raw import RawDomain
from xferlab.data.split import Split

pytestmark = pytest.mark.fast


@pytest.fixture(autouse=True)
def catalogue(monkeypatch):
    use_catalogue(monkeypatch, "xferlab.data.catalogue.load")


def dense(inputs):
    return inputs.toarray() if scipy.sparse.issparse(inputs) else np.asarray(inputs)


@pytest.mark.parametrize("make", [made_split, sparse_split])
@pytest.mark.parametrize("tested", [True, False])
def test_what_is_written_is_read(tmp_path, make, tested):
    raw = RawDomain(make(), make(4, seed=1) if tested else None, CLASSES)
    path = write_plain(tmp_path / "set", "books", raw)
    assert path == tmp_path / "set/books.npz" and is_plain(path)
    assert [entry.name for entry in path.parent.iterdir()] == ["books.npz"]
    read = read_plain(path)
    assert read.class_names == CLASSES and (read.test is None) == (not tested)
    for mine, other in zip(raw[:2], read[:2], strict=True):
        if mine is not None:
            assert (dense(mine.inputs) == dense(other.inputs)).all()
            assert (mine.labels == other.labels).all()
    assert content_digest(read) == content_digest(raw)


def test_sparse_rows_and_scipy_are_one_content(tmp_path):
    split = sparse_split()
    rows = Split(SparseRows.from_scipy(split.inputs), split.labels)
    raws = [RawDomain(each, None, CLASSES) for each in (split, rows)]
    assert content_digest(raws[0]) == content_digest(raws[1])
    path = write_plain(tmp_path, "words", raws[1])
    assert (dense(read_plain(path).train.inputs) == dense(split.inputs)).all()


def test_the_digest_follows_every_part():
    split = made_split()
    changed = Split(split.inputs + np.float32(1e-6), split.labels)
    other = Split(split.inputs, 1 - split.labels)
    raws = [RawDomain(split, None, CLASSES), RawDomain(changed, None, CLASSES)]
    raws += [RawDomain(other, None, CLASSES), RawDomain(split, split, CLASSES)]
    raws += [RawDomain(split, None, ("no", "maybe"))]
    assert len({content_digest(raw) for raw in raws}) == len(raws)


def test_an_interrupted_writing_leaves_the_old_file(tmp_path, monkeypatch):
    raw = RawDomain(made_split(), None, CLASSES)
    path = write_plain(tmp_path, "left", raw)
    old = path.read_bytes()

    def stop(path, **arrays):
        path.write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(np, "savez_compressed", stop)
    with pytest.raises(KeyboardInterrupt):
        write_plain(tmp_path, "left", raw)
    assert path.read_bytes() == old and len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "pair").write_text("in the way")
    with pytest.raises(InputError, match=r"cannot write .*left\.npz.* with --data_dir"):
        write_plain(tmp_path / "pair", "left", RawDomain(made_split(), None, CLASSES))


def test_pickles_are_refused(tmp_path):
    names = np.array(CLASSES)
    inputs = np.array([{}, {}], dtype=object)
    np.savez(tmp_path / "left.npz", x=inputs, y=np.arange(2), class_names=names)
    with pytest.raises(InputError, match="pickled objects are refused"):
        read_plain(tmp_path / "left.npz")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"x": np.eye(2)}, "'y'"),
        ({"x_train": np.eye(2), "y_train": np.arange(2)}, "'x_test'"),
        ({"y": np.arange(2), "x_data": np.ones(1), "x_indices": np.array([9]),
          "x_indptr": np.array([0, 1, 1]), "x_shape": np.array([2, 3])}, "indices"),
    ],
)  # fmt: skip
def test_what_is_not_the_plain_form(tmp_path, arrays, message):
    path = tmp_path / "left.npz"
    np.savez(path, class_names=np.array(CLASSES), **arrays)
    with pytest.raises(InputError, match=rf"left.npz is not in the plain form: .*{message}"):
        read_plain(path)


def test_a_file_of_the_same_name_in_another_form_is_not_plain(tmp_path):
    np.savez(tmp_path / "left.npz", x=np.eye(2), y=np.arange(2))
    assert not is_plain(tmp_path / "left.npz") and not is_plain(tmp_path / "gone.npz")
    (tmp_path / "right.npz").write_bytes(b"PK, but damaged")
    with pytest.raises(InputError, match=r"cannot read .*right.npz"):
        read_plain(tmp_path / "right.npz")


def test_the_plain_form_comes_first(tmp_path):
    write_pair(tmp_path / "pair")
    for name in PAIR.domains:
        write_plain(tmp_path / "pair", name, RawDomain(made_split(20), None, CLASSES))
    assert len(load_raw("pair", tmp_path)["left"].train.labels) == 20
    assert READINGS == []


def test_a_form_is_read_once_for_all_domains(tmp_path):
    write_pair(tmp_path / "pair")
    for _ in range(3):
        for name in PAIR.domains:
            assert list(load_raw("pair", tmp_path, [name])) == [name]
    assert len(READINGS) == 1
    forget_forms()
    load_raw(PAIR, str(tmp_path))
    assert len(READINGS) == 2


def test_a_form_of_image_files_is_kept_too(tmp_path):
    for place in ("photo", "drawing"):
        for label in CLASSES:
            (tmp_path / "tree" / place / label).mkdir(parents=True)
            Image.new("RGB", (5, 5)).save(tmp_path / "tree" / place / label / "0.png")
    domain = load_raw("tree", tmp_path, ["drawing"])["drawing"]
    assert domain.train.inputs.shape == (2, 224, 224, 3)
    assert load_raw("tree", tmp_path, ["drawing"])["drawing"] is domain


def test_a_form_may_have_a_folder_of_its_own(tmp_path):
    (tmp_path / "sacks").mkdir()
    (tmp_path / "sacks/bags.bin").touch()
    assert list(load_raw(BAGS, tmp_path)) == ["words"]


def test_missing_data_say_where_and_what_to_do(tmp_path):
    with pytest.raises(InputError) as caught:
        load_raw("pair", tmp_path)
    for part in (
        f"no domain left, right. Looked for: {tmp_path}/pair/left.npz",
        "*.txt (the text files)",
        "`xferlab data prepare pair",
        "Ask its authors",
    ):
        assert part in str(caught.value)
    with pytest.raises(InputError, match="--data_dir"):
        load_raw("pair", None)


def test_a_missing_domain_and_unknown_names(tmp_path):
    write_plain(tmp_path / "pair", "right", RawDomain(made_split(), None, CLASSES))
    with pytest.raises(InputError, match=r"pair is not there, or not whole: no domain left\. Loo"):
        load_raw("pair", tmp_path)
    (tmp_path / "pair/right.npz").unlink()
    write_pair(tmp_path / "pair", names=("left",))
    assert list(load_raw("pair", tmp_path, ["left"])) == ["left"]
    with pytest.raises(InputError, match=r"text files in .* has no domain right\. It has left"):
        load_raw("pair", tmp_path)
    with pytest.raises(InputError, match=r"unknown domain of pair 'lefd'\. Did you mean: left"):
        load_raw("pair", tmp_path, ["lefd"])
    with pytest.raises(InputError, match=r"unknown data set 'pear'\. Did you mean: pair"):
        load_raw("pear", tmp_path)


def test_an_unfinished_unpacking_is_no_form(tmp_path):
    write_pair(tmp_path / "pair")
    (tmp_path / "pair/.unpacking").mkdir()
    with pytest.raises(InputError, match="pair is not there"):
        load_raw("pair", tmp_path)


def test_splits(tmp_path):
    write_pair(tmp_path / "pair")
    published = domain_of("pair", "right", tmp_path)
    assert published.name == "right" and published.class_names == CLASSES
    assert (published.splits["test"].inputs == published.splits["train"].inputs).all()
    all_examples = domain_of("pair", "left", tmp_path, split="transductive").splits
    assert all(len(split.labels) == 12 for split in all_examples.values())
    held_out = domain_of("pair", "left", tmp_path, split=0.25, seed=3).splits
    assert [np.bincount(held_out[part].labels).tolist() for part in held_out] in (
        [[5, 4], [1, 2]],
        [[4, 5], [2, 1]],
    )
    together = np.concatenate([held_out[part].inputs for part in held_out])
    assert sorted(map(tuple, together)) == sorted(map(tuple, made_split().inputs))
    other = domain_of("pair", "left", tmp_path, split=0.25, seed=4).splits
    assert (other["test"].inputs != held_out["test"].inputs).any()


def test_a_random_split_leaves_the_published_test_split_out():
    raw = RawDomain(made_split(), made_split(6, seed=9), CLASSES)
    for split in ("transductive", 0.25):
        domain = split_raw("left", raw, split=split)
        inputs = np.concatenate([part.inputs for part in domain.splits.values()])
        assert {tuple(row) for row in inputs} == {tuple(row) for row in raw.train.inputs}


def test_splits_that_do_not_exist():
    raw = RawDomain(made_split(), None, CLASSES)
    with pytest.raises(InputError, match="'left' has no published test split"):
        split_raw("left", raw)
    with pytest.raises(InputError, match=r"unknown split 'transduktive'\. Did you mean: transduc"):
        split_raw("left", raw, split="transduktive")


def test_bad_content_is_named():
    split = made_split()
    with pytest.raises(InputError, match=r"label 2 at index 0 is out of range"):
        check_raw(PAIR, "left", RawDomain(Split(split.inputs, split.labels + 2), None, CLASSES))
    with pytest.raises(InputError, match=r"pair/left has the classes .*Expected: \['no', 'yes'\]"):
        check_raw(PAIR, "left", RawDomain(split, None, ("yes", "no")))
    assert check_raw(made_sets.PAIR, "left", RawDomain(split, split, CLASSES)) is None
