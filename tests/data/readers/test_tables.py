"""CSV files of numbers: domains with and without labels, and inputs that come later."""

import numpy as np
import pytest

import xferlab
from xferlab import InputError
from xferlab.benchmark.suites.own import own_task
from xferlab.data.readers.later import read_later

ROWS = "height,weight,kind\n1.5, 2,cat\n2,3,dog\n1,2,cat\n4,1,dog\n3,3,cat\n2,2,dog\n"


def write(path, text):
    path.write_text(text)
    return path


def test_columns_are_features_and_classes_are_written_labels(tmp_path):
    path = write(tmp_path / "lab.csv", ROWS)
    domain = xferlab.domain_from_table(path, label="kind", test_fraction=0.34)
    assert domain.class_names == ("cat", "dog")
    assert domain.columns == ("height", "weight")
    rows = domain.splits["train"].row_names
    values = np.array([[1.5, 2], [2, 3], [1, 2], [4, 1], [3, 3], [2, 2]], np.float32)
    np.testing.assert_array_equal(domain.splits["train"].inputs, values[rows])


def test_without_the_column_no_label_is_known_and_with_empty_cells_some_are(tmp_path):
    path = write(tmp_path / "lab.csv", ROWS)
    domain = xferlab.domain_from_table(path.with_name("lab.csv"), label="kind")
    bare = write(tmp_path / "field.csv", "weight;height\n2;1\n3;2\n")
    field = xferlab.domain_from_table(bare, label="kind", sep=";")
    assert field.splits["test"].unlabelled
    assert any("has no column 'kind'" in note for note in field.notes)
    task = own_task(domain, field)
    np.testing.assert_array_equal(task.target.splits["train"].inputs, [[1, 2], [2, 3]])
    assert any("in the order of 'lab'" in note for note in task.target.notes)
    some = write(tmp_path / "some.csv", ROWS.replace("1.5, 2,cat", "1.5,2,"))
    assert xferlab.domain_from_table(some, label="kind", test_fraction=0.34).notes


BAD = {
    "a text": ("a,label\nx,1\n2,0\n", r"row 1 .*column 'a' holds 'x'"),
    "an empty cell": ("a,label\n,1\n2,0\n", r"row 1 .*column 'a' holds ''"),
    "no rows": ("a,label\n", "header but no rows"),
    "empty": ("", "is no table"),
    "two of one name": ("a,a\n1,2\n", "two columns of one name"),
    "without a name": ("a,\n1,2\n", "a column without a name"),
    "no feature": ("label\n1\n0\n", "no column of features"),
    "more cells": ("a,label\n1,2,3\n4,5,6\n", "is no table"),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_tables_are_refused(case, tmp_path):
    text, message = BAD[case]
    with pytest.raises(InputError, match=message):
        xferlab.domain_from_table(write(tmp_path / "t.csv", text))


def test_tables_of_other_columns_are_refused(tmp_path):
    one = write(tmp_path / "a.csv", "a,b,label\n1,2,x\n2,1,y\n3,3,x\n1,1,y\n")
    two = write(tmp_path / "b.csv", "a,c\n1,2\n2,1\n")
    source = xferlab.domain_from_table(one, test_fraction=0.5)
    with pytest.raises(InputError, match="only 'a' has b; only 'b' has c"):
        own_task(source, xferlab.domain_from_table(two))


def test_later_inputs_are_read_by_the_names_of_columns(tmp_path):
    path = write(tmp_path / "new.csv", "id,weight,height\n7,2,1\n8,3,2\n")
    later = read_later(path, shape=(2,), columns=("height", "weight"))
    np.testing.assert_array_equal(later.inputs, [[1, 2], [2, 3]])
    assert later.names == ["0", "1"]
    with pytest.raises(InputError, match="lacks the columns 'age'"):
        read_later(path, shape=(2,), columns=("age",))
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    assert len(read_later(tmp_path / "x.npy", shape=(2,)).names) == 3
    np.savez(tmp_path / "y.npz", y=np.zeros(3))
    with pytest.raises(InputError, match="Give the inputs as x"):
        read_later(tmp_path / "y.npz", shape=(2,))
    with pytest.raises(InputError, match="is no input"):
        read_later(tmp_path / "missing.bin", shape=(2,))
    with pytest.raises(InputError, match="which are no images"):
        read_later(tmp_path, shape=(2,))
