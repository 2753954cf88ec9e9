import pytest

from plumeline.access.records import utc, utc_end
from plumeline.errors import InputError


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("2026-03-01T09:40:12.125Z", "2026-03-01T09:40:12.125999Z"),
        ("2026-03-01T09:40:12Z", "2026-03-01T09:40:12.999999Z"),
        ("20260301T094012+01:00", "2026-03-01T08:40:12.999999Z"),
        ("2026-03-01 09:40Z", "2026-03-01T09:40:59.999999Z"),
        ("2026-03-01T09:40-05:30", "2026-03-01T15:10:59.999999Z"),
        ("2026-03-01T09Z", "2026-03-01T09:59:59.999999Z"),
        ("2026-03-01T09:40:12.1234567Z", "2026-03-01T09:40:12.123456Z"),
        ("2026-03-01", "2026-03-01T23:59:59.999999Z"),
        ("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.999999Z"),
    ],
)
def test_a_time_reaches_to_the_end_of_the_finest_unit_that_was_said(said, meant):
    assert utc_end(said) == utc(meant)


@pytest.mark.parametrize("said", ["", "now", "2026-03-01T09:40", "2026-13-01", "0001-01-01T00:00+14:00"])
def test_what_is_no_time_in_utc_is_refused(said):
    with pytest.raises(InputError):
        utc_end(said)
