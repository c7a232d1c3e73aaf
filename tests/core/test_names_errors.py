"""Name tables and the errors that they raise."""

import pytest

from xferlab.core.errors import InputError, unknown_name
from xferlab.core.names import NameTable, first_line

pytestmark = pytest.mark.fast

TABLE = NameTable("colour", {"red": 1, "green": 2, "dark red": 3})


def test_table_is_a_read_only_mapping_in_display_order():
    assert list(TABLE) == ["red", "green", "dark red"]
    assert len(TABLE) == 3
    assert TABLE["green"] == 2
    assert "green" in TABLE
    assert "blue" not in TABLE
    with pytest.raises(TypeError):
        TABLE["blue"] = 4


def test_unknown_name_lists_the_closest_and_all_allowed():
    with pytest.raises(InputError) as caught:
        TABLE["gren"]
    message = str(caught.value)
    assert "unknown colour 'gren'" in message
    assert "Did you mean: green?" in message
    assert "Allowed: dark red, green, red" in message


def test_a_name_close_to_none_gets_no_suggestion():
    assert "Did you mean" not in str(unknown_name("colour", "xyz", TABLE))


def test_the_table_does_not_follow_its_source():
    entries = {"red": 1}
    table = NameTable("colour", entries)
    entries["blue"] = 2
    assert "blue" not in table


def test_input_error_is_a_value_error():
    assert issubclass(InputError, ValueError)


def test_first_line():
    class Documented:
        """One line.

        More.
        """

    assert first_line(Documented) == "One line."
    assert first_line(type("Plain", (), {})) == ""
