"""What `facilities` says about a site becomes the dossier's supplied parts, and makes it complete."""

import importlib.util
from dataclasses import replace
from pathlib import Path

import pytest

import casework
from plumeline.cases.review import require_releasable
from plumeline.cases.sections import Activity
from plumeline.errors import InputError, RefusedError
from plumeline.facilities import WindNow
from plumeline.packages.dossier import dossier_html
from plumeline.workflows.supplied import sections_of


@pytest.fixture(scope="module")
def responder():
    """The site of the responder sheet's own tests."""
    path = Path(__file__).parents[1] / "facilities" / "test_responder.py"
    spec = importlib.util.spec_from_file_location("responder_of_its_own_tests", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.responder


def test_the_parts_are_complete_and_a_dossier_can_be_made_of_them(responder):
    made = sections_of(responder())
    assert made.missing() == ()
    case = replace(casework.folded_case(), sections=made)
    require_releasable(case)
    assert sum(rival.probability for rival in made.rivals) == pytest.approx(1, abs=1e-6)
    assert sum(one.probability for one in made.candidates) == pytest.approx(1, abs=1e-6)
    assert made.candidates[-1].label == "none of these"
    assert made.neighbours.people_in_region == 12
    assert made.neighbours.receptors[0].nearest_m == 175
    assert made.responder.activity in set(Activity)
    assert len(dossier_html(casework.content(), "es")) > 1000


def test_the_indoor_range_and_limits_are_those_of_the_sheet(responder):
    # Room link of the notes in SI: 0.05 to 0.2 g/s of acetone in 30 to 300 m3 at 0.3 to 6 air changes an hour.
    acetone = next(gas for gas in sections_of(responder()).responder.gases if gas.species == "acetone")
    assert acetone.indoor_low_kg_m3 == pytest.approx(0.5e-4 / (300 * 6 / 3600), rel=0.01)
    assert acetone.indoor_high_kg_m3 == pytest.approx(2e-4 / (30 * 0.3 / 3600), rel=0.01)
    assert acetone.idlh_kg_m3 == pytest.approx(2500e-6 * 0.05808 * 101325 / (8.314 * 298.15), rel=0.01)


def test_what_is_missing_stays_missing(responder):
    bare = sections_of(responder(assessment=None, neighbours=None, buildings=None))
    assert set(bare.missing()) == {"rival explanations", "neighbour-harm page"}
    with pytest.raises(RefusedError):
        require_releasable(replace(casework.folded_case(), sections=bare))
    with pytest.raises(InputError, match="species table"):
        sections_of(responder(rate_kg_s={}))


def test_a_light_wind_gives_no_side(responder):
    calm = sections_of(responder(wind=WindNow(from_deg=10, spread_deg=20, speed_m_s=0.4, source="drone")))
    assert calm.responder.approach.en.startswith("No safe side")
