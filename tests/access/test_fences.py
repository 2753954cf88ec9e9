from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from casework import FRAME, START, area, authority
from plumeline.access import (
    Jurisdiction,
    Mode,
    ResidentialRule,
    Senses,
    Sensor,
    Track,
    jurisdiction_of,
    replay,
)
from plumeline.access.authority import read_authority, sign_authority
from plumeline.access.fences import Reason, Severity
from plumeline.access.keys import new_signing_key
from plumeline.errors import AccessError, InputError


def track(east_m, north_m, *, height_m=20.0, start=START, sensor="pid", sigma_m=0.02):
    east_m, north_m = np.atleast_1d(east_m).astype(float), np.atleast_1d(north_m).astype(float)
    lon, lat = FRAME.to_lonlat(east_m, north_m)
    n = len(east_m)
    return Track(
        longitude_deg=lon,
        latitude_deg=lat,
        height_m=np.full(n, height_m),
        time=np.datetime64(start.replace(tzinfo=None), "ns") + np.arange(n) * np.timedelta64(1, "s"),
        sensor=np.full(n, sensor),
        position_sigma_m=sigma_m,
    )


def found(flown, **changes):
    return {(i.reason, i.severity): i for i in replay(flown, authority(**changes)).report.incidents}


def test_a_flight_that_keeps_to_its_authority_is_clean():
    done = replay(track(np.linspace(-1000, 1000, 50), np.zeros(50)), authority())
    assert done.report.is_clean
    assert not done.quarantined.any()
    assert done.report.nearest_border_m == pytest.approx(3000, abs=1)


def test_a_breach_of_one_metre_is_found():
    # The northern edge is straight in latitude, so its middle bows south of the plane's line between its corners by
    # half_width² tan(latitude) / (2 R) = 0.18 m: that much is added to the metre.
    done = replay(track([0, 0], [0, 2001]), authority())
    incident = next(i for i in done.report.incidents if i.reason is Reason.AREA)
    assert incident.severity is Severity.BREACH
    assert incident.worst_m == pytest.approx(1.0 + 2000**2 * np.tan(np.radians(30)) / (2 * 6.37e6), abs=0.02)
    assert done.quarantined.tolist() == [False, True]


def test_an_excursion_within_the_position_error_is_called_so_and_still_quarantined():
    done = replay(track([0, 0], [0, 2001], sigma_m=3.0), authority())
    assert [i.severity for i in done.report.incidents if i.reason is Reason.AREA] == [Severity.WITHIN_ERROR]
    assert done.quarantined.tolist() == [False, True]


@given(st.floats(-3000, 3000), st.floats(-3000, 3000))
def test_a_point_is_outside_just_when_the_plane_says_so(east_m, north_m):
    beyond = max(abs(east_m), abs(north_m)) - 2000
    if (
        abs(beyond) > 1.0
    ):  # the square is straight in degrees, so its edges bow by less than a metre in the plane
        assert replay(track(east_m, north_m), authority()).quarantined[0] == (beyond > 0)


def test_altitude_time_and_sensor_are_held():
    assert (Reason.ALTITUDE, Severity.BREACH) in found(track([0], [0], height_m=121.0))
    assert (Reason.TIME, Severity.BREACH) in found(track([0], [0], start=START + timedelta(days=30)))
    assert (Reason.SENSOR, Severity.BREACH) in found(track([0], [0], sensor="camera"))
    lost = track([0, 0], [0, 0])
    lost.latitude_deg[1] = np.nan
    assert replay(lost, authority()).quarantined.tolist() == [False, True]


def test_stand_off_never_crosses_the_line_even_inside_the_area():
    beyond = authority().border.beyond.__class__(area(500, east_m=1000).geoms)
    border = {"dataset": "test line", "vintage": "2026", "error_m": 5.0, "beyond": beyond}
    inside = track([0, 1000], [0, 0])
    assert (Reason.BORDER, Severity.BREACH) in found(inside, border=border)
    assert found(inside, border=border, mode=Mode.PERMITTED_INSIDE) == {}


def test_a_leg_between_two_good_samples_that_leaves_is_an_incident():
    notched = area(2000).difference(area(200, north_m=1900))
    flown = track([-500, 500], [1900, 1900])
    assert found(flown, area=notched)[Reason.LEG, Severity.BREACH].worst_m == pytest.approx(400, abs=1)
    assert not replay(flown, authority(area=notched)).quarantined.any()


def test_homes_are_kept_from_thermal_sensors_only_where_the_rule_says_so():
    sensors = (
        Sensor(label="pid", senses=Senses.AIR_SAMPLE),
        Sensor(label="lwir", senses=Senses.THERMAL_IMAGE),
    )
    rule = {"sensors": sensors, "homes": area(100), "residential": ResidentialRule.NO_THERMAL_IMAGE}
    assert found(track([0], [0], sensor="pid"), **rule) == {}
    assert (Reason.HOMES, Severity.BREACH) in found(track([0], [0], sensor="lwir"), **rule)
    overflight = rule | {"residential": ResidentialRule.NO_OVERFLIGHT}
    assert (Reason.HOMES, Severity.BREACH) in found(track([0], [0], sensor="pid"), **overflight)


def test_a_source_beyond_the_line_is_labelled():
    permission = authority(
        border={"dataset": "d", "vintage": "1", "error_m": 20.0, "beyond": area(1000, east_m=5000)}
    )
    assert jurisdiction_of(area(25), permission) is Jurisdiction.OWN
    assert jurisdiction_of(area(25, east_m=5000), permission) is Jurisdiction.OTHER
    assert jurisdiction_of(area(25, east_m=4000), permission) is Jurisdiction.UNDECIDED
    assert (
        jurisdiction_of(area(25, east_m=3960), permission) is Jurisdiction.UNDECIDED
    )  # 15 m off, 20 m error
    assert (
        jurisdiction_of(area(25), authority(mode=Mode.PERMITTED_INSIDE, border=None)) is Jurisdiction.UNKNOWN
    )


def test_an_authority_is_signed_and_expires():
    key = new_signing_key()
    signed = sign_authority(authority(), key)
    assert read_authority(signed, approver_key=key.public_hex) == authority()
    with pytest.raises(AccessError):
        read_authority(signed, approver_key=new_signing_key().public_hex)
    with pytest.raises(InputError):
        read_authority(signed.replace(b"a", b"b", 1), approver_key=key.public_hex)
    with pytest.raises(AccessError, match="expired"):
        authority().require_alive(authority().expiry + timedelta(seconds=1))


@pytest.mark.parametrize(
    "changes",
    [
        {"border": None},
        {"residential": ResidentialRule.NO_OVERFLIGHT},
        {"end": START - timedelta(days=9)},
        {"sensors": ()},
        {"altitude_low_m": 200.0},
    ],
)
def test_an_authority_that_could_not_be_checked_is_no_authority(changes):
    with pytest.raises(ValidationError):
        authority(**changes)
