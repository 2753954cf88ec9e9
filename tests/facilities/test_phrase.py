"""Numbers that a reader of either language cannot take for another."""

import pytest

from plumeline.facilities import whole


@pytest.mark.parametrize(
    ("value", "text"), [(0.4, "0"), (999.0, "999"), (4344.0, "4\u202f344"), (139_580.2, "139\u202f580")]
)
def test_thousands_are_set_apart_by_a_space_as_a_comma_is_a_point_in_spanish(value, text):
    assert whole(value) == text
