"""The user's own CSV files: what becomes of good ones, and what is said of bad ones."""

import numpy as np
import pytest

from xferlab.core.errors import InputError
from xferlab.data.readers.csv import domains_from_csv

pytestmark = pytest.mark.fast

GOOD, BAD = '"good, really\ngood book {}",pos', "bad book {},neg"


def write(path, *, header="text,label", rows=10, extra=()):
    lines = [(GOOD if i % 2 else BAD).format(i % 3) for i in range(rows)]
    path.write_text("\n".join([header, *lines, *extra]) + "\n", encoding="utf-8")
    return path


@pytest.fixture
def files(tmp_path):
    return [write(tmp_path / "shop.csv"), write(tmp_path / "forum.csv", rows=20)]


def test_one_domain_for_each_file(files):
    domains = domains_from_csv(files)
    assert list(domains) == ["shop", "forum"]
    forum = domains["forum"]
    assert forum.class_names == ("neg", "pos")
    assert [len(split.labels) for split in forum.splits.values()] == [16, 4]
    train = forum.splits["train"]
    pos = np.argmax(train.inputs.to_dense().sum(0))  # the commonest word, in every text
    assert train.inputs.to_dense()[:, pos].min() == 1
    assert domains["shop"].input_shape == forum.input_shape


def test_labels_follow_the_texts(files):
    (domain,) = domains_from_csv(files[:1], max_features=2, test=0.4).values()
    counts = domain.splits["train"].inputs.to_dense()  # of 'book' and 'good'
    np.testing.assert_array_equal(counts[:, 1], 2 * domain.splits["train"].labels)


def test_names_columns_and_encoding_can_be_given(tmp_path):
    path = tmp_path / "a.csv"
    rows = [f"{'gut' if i % 2 else 'schön'} wie {i % 2},{i % 2},x" for i in range(10)]
    path.write_text("\n".join(["Meinung,Note,Rest", *rows]), encoding="utf-16")
    domains = domains_from_csv({"de": path}, columns=("Meinung", "Note"), encoding="utf-16")
    assert domains["de"].class_names == ("0", "1")


def test_the_seed_draws_the_test_rows(files):
    fingerprints = {domains_from_csv(files, seed=s)["forum"].fingerprint for s in (0, 0, 1)}
    assert len(fingerprints) == 2


@pytest.mark.parametrize("columns", [("txt", "label"), ("text", "labels")])
def test_a_missing_column_names_the_closest(files, columns):
    with pytest.raises(
        InputError, match=r"unknown column of .*shop.csv: .*Did you mean: (text|lab)"
    ):
        domains_from_csv(files, columns=columns)


@pytest.mark.parametrize("row", [",pos", "  ,pos", "some text,", "some text"])
def test_an_empty_cell_names_its_row(tmp_path, row):
    path = write(tmp_path / "a.csv", extra=[row])
    with pytest.raises(InputError, match=r"row 11 \(the header not counted\): the column"):
        domains_from_csv([path])


@pytest.mark.parametrize("row", ["one,two,pos", '"no end,pos'])
def test_a_broken_row_is_refused(tmp_path, row):
    path = write(tmp_path / "a.csv", extra=[row])
    with pytest.raises(InputError, match=r"a\.csv is no CSV table"):
        domains_from_csv([path])


def test_commas_without_quotes_in_every_row_are_refused(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text("text,label\ngood, really,pos\nbad, really,neg\n")
    with pytest.raises(InputError, match=r"a\.csv is no CSV table"):
        domains_from_csv([path])


def test_another_encoding_is_named(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("text,label\ncaf\u00e9,pos\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"not utf-8: byte 0xe9 .*line 2.*encoding='latin-1'"):
        domains_from_csv([path])


def test_a_label_that_another_file_lacks_is_refused(tmp_path, files):
    other = write(tmp_path / "other.csv", extra=["so so,neutral", "fair,neutral"])
    with pytest.raises(InputError, match=r"'neutral' is in .*other\.csv, and in 0 rows of .*shop"):
        domains_from_csv([*files, other])


@pytest.mark.parametrize(
    ("rows", "extra", "message"),
    [
        (0, [], "has a header but no rows"),
        (0, ["fine,pos", "good,pos"], r"have the labels \['pos'\]"),
        (3, [], "in 1 rows of"),
        (4, [], "cannot hold out 0.2 of 4 examples"),
    ],
)
def test_too_few_rows_are_refused(tmp_path, rows, extra, message):
    path = write(tmp_path / "a.csv", rows=rows, extra=extra)
    with pytest.raises(InputError, match=message):
        domains_from_csv([path])


def test_missing_and_empty_files_are_refused(tmp_path):
    with pytest.raises(InputError, match=r"cannot read .*none\.csv"):
        domains_from_csv([tmp_path / "none.csv"])
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InputError, match="is no CSV table: No columns"):
        domains_from_csv([tmp_path / "empty.csv"])


def test_paths_need_names_of_their_own(tmp_path):
    with pytest.raises(InputError, match=r"have one name. Give a dict"):
        domains_from_csv([tmp_path / "a.csv", tmp_path / "b" / "a.csv"])
    with pytest.raises(InputError, match="Allowed: a list of paths"):
        domains_from_csv("a.csv")
