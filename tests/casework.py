"""A small world for case tests: actors, an authority, a synthetic flight and its located result. All places are made up."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np
import shapely
import xarray as xr

from plumeline.access import (
    Actor,
    Authority,
    Border,
    Marking,
    Mode,
    Organisation,
    ResidentialRule,
    Role,
    Senses,
    Sensor,
    Tlp,
    jurisdiction_of,
    replay,
)
from plumeline.access.keys import new_actor_keys
from plumeline.cases import Assessment, Bilingual, Candidate, NeighbourHarm, ResponderSheet, Rival, Sections
from plumeline.cases.case import fold
from plumeline.cases.events import BlindScored, CaseOpened, Concluded, DissentRecorded, Recorded, SectionsSet
from plumeline.cases.findings import Basis, Dossier, Finding, Recording
from plumeline.cases.rules import Effect, Rule, RuleKind
from plumeline.cases.sections import Activity, GasHazard, Receptor, ReceptorKind
from plumeline.frames import LocalFrame, lonlat
from plumeline.instruments.cubes import write_envi
from plumeline.observations import Survey
from plumeline.packages.content import content_of
from plumeline.provenance import Provenance
from plumeline.sources import Interval, Region, SourceEstimate, SourceReport
from plumeline.workflows import desk as desks
from plumeline.workflows import intake, located, opening, release, review
from plumeline.workflows.authorities import issue_authority
from plumeline.workflows.image_setup import ImageRequest

ORIGIN = lonlat(-40.0, 30.0)  # mid-ocean: nobody's house lies under a test
FRAME = LocalFrame(origin=ORIGIN)
START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
HOUSE, PARTNER, OTHER = "O-HOUSE", "O-PARTNER", "O-OTHER"
AUTHORITY = "W-AUTH01"
AGREEMENT = "G-AGREE1"
COMPARTMENT = "HARBOR"


class Clock:
    """A clock that moves a second each time it is read, or where it is put."""

    def __init__(self):
        self.now = START + timedelta(hours=3)

    def __call__(self):
        self.now += timedelta(seconds=1)
        return self.now

    def forward(self, **by):
        self.now += timedelta(**by)


def both(en, es=None):
    return Bilingual(en=en, es=es or f"{en} (es)")


def area(half_m=2000.0, east_m=0.0, north_m=0.0):
    """A square about a local place, in degrees."""
    x, y = np.array([-1, 1, 1, -1]) * half_m + east_m, np.array([-1, -1, 1, 1]) * half_m + north_m
    return shapely.MultiPolygon([shapely.Polygon(np.column_stack(FRAME.to_lonlat(x, y)))])


def authority(**changes):
    facts = {
        "id": AUTHORITY,
        "version": 1,
        "instrument": "Environmental Survey Act",
        "article": "art. 12",
        "issuing_body": "District Court",
        "area": area(),
        "altitude_low_m": 5.0,
        "altitude_high_m": 120.0,
        "start": START - timedelta(days=1),
        "end": START + timedelta(days=20),
        "expiry": START + timedelta(days=400),
        "sensors": (Sensor(label="pid", senses=Senses.AIR_SAMPLE),),
        "residential": ResidentialRule.NO_RESTRICTION,
        "mode": Mode.STAND_OFF,
        "border": Border(
            beyond=area(1000.0, east_m=5000.0), dataset="test line", vintage="2026", error_m=20.0
        ),
        "approver": "A-CUST01",
    } | changes
    return Authority(**facts)


def survey(*, start=START, stray_m=None, name="flight", seed=0, digest="a" * 64):
    """A 200-sample crosswind flight at 20 m; `stray_m` puts ten samples that far outside the authority's area."""
    rng = np.random.default_rng(seed)
    n = 200
    x, y = np.linspace(-100, 100, n), 60 + 5 * rng.standard_normal(n)
    if stray_m is not None:
        x[100:110], y[100:110] = 0.0, 2000.0 + stray_m
    time = np.datetime64(start.replace(tzinfo=None), "ns") + np.arange(n) * np.timedelta64(1, "s")
    reading, kinds = ("reading",), ("reading", "species")
    variables = {
        "time": (reading, time),
        "sensor": (reading, np.zeros(n, int)),
        "sensor_name": (("sensor_index",), np.array(["pid"], object)),
        "species": (("species",), np.array(["acetone"], object)),
        "quality": (kinds, np.zeros((n, 1), int)),
        "molar_mass": (("species",), np.array([0.05808])),
        "mass_concentration": (kinds, 1e-8 * rng.random((n, 1))),
        "mass_concentration_sigma": (kinds, np.full((n, 1), 1e-9)),
        "detection_limit": (kinds, np.full((n, 1), 2e-9)),
    }
    for key, value in {
        "x": x,
        "y": y,
        "z": np.full(n, 20.0),
        "wind_eastward": np.full(n, 0.3),
        "wind_northward": np.full(n, 3.0),
        "wind_sigma": np.full(n, 0.3),
        "wind_height": np.full(n, 10.0),
    }.items():
        variables[key] = (reading, value)
    units = {
        "x": "m", "y": "m", "z": "m", "wind_eastward": "m s-1", "wind_northward": "m s-1", "wind_sigma": "m s-1",
        "wind_height": "m", "mass_concentration": "kg m-3", "mass_concentration_sigma": "kg m-3",
        "detection_limit": "kg m-3", "molar_mass": "kg mol-1",
    }  # fmt: skip
    dataset = xr.Dataset(variables)
    for key, unit in units.items():
        dataset[key].attrs["units"] = unit
    return Survey(name=name, frame=FRAME, in_situ=dataset, inputs={f"{name}.csv": digest})


def scene(folder, *, place="inside"):
    """A small cube with a map at the middle of the authority's area, far from it, or without a map ("nowhere")."""
    corner = area().centroid
    east = corner.x + (0.0 if place == "inside" else 5.0)
    fields = {"wavelength": ",".join(map(str, range(800, 812))), "wavelength units": "Wavenumber"}
    if place != "nowhere":
        fields["map info"] = f"Geographic Lat/Lon, 1, 1, {east}, {corner.y}, 0.00001, 0.00001, WGS-84"
    path = folder / "scene.bip"
    write_envi(path, np.ones((4, 5, 12), np.float32), fields)
    return ImageRequest(scene=path, library=folder / "none.h5")


def report(flown, *, radius_m=25.0, rate_kg_s=1e-4, limit_kg_s=2e-5, found=True, probability=0.93):
    """What an inversion might say of that flight: one source at (0, 0)."""
    shape = shapely.MultiPolygon([shapely.Point(0, 0).buffer(radius_m)])
    data = flown.in_situ
    n = int(data.sizes["reading"])
    source = SourceEstimate(
        label="S1",
        x_m=1.2345,
        y_m=-2.3456,
        height_m=Interval(median=3.0, low=0.5, high=8.0),
        region_50=Region(probability=0.5, shape=shape.buffer(-10), area_m2=shape.buffer(-10).area),
        region_90=Region(probability=0.9, shape=shape, area_m2=shape.area),
        rate_kg_s={"acetone": Interval(median=rate_kg_s, low=rate_kg_s / 2, high=2 * rate_kg_s)},
        probability=probability,
    )
    axis = np.arange(-200.0, 201.0, 10.0)
    detectability = xr.Dataset(
        {
            "species": (("species",), np.array(["acetone"], object)),
            "minimum_detectable_rate": (
                ("species", "y", "x"),
                np.full((1, axis.size, axis.size), limit_kg_s),
            ),
        },
        coords={"x": axis, "y": axis},
    )
    fit = xr.Dataset({
        "time": (("reading",), data["time"].to_numpy()),
        "sensor_label": (("reading",), np.array(["pid"] * n, object)),
    })
    return SourceReport(
        survey=flown,
        sources=(source,) if found else (),
        source_count_probability=(0.05, 0.95),
        probability_no_source=0.05 if found else 0.99,
        log10_bayes_factor=4.2,
        false_alarm_probability=0.01,
        posterior=xr.Dataset(),
        detectability=detectability,
        fit=fit,
        provenance=Provenance(inputs=flown.inputs, configuration={}, seed=1),
    )


def sections():
    return Sections(
        rivals=(
            Rival(
                explanation=both("paint shop", "taller de pintura"),
                probability=0.3,
                opposes=(both("no such business registered", "no hay tal negocio registrado"),),
            ),
            Rival(
                explanation=both("unexplained solvent mixture", "mezcla de disolventes sin explicación"),
                probability=0.7,
            ),
        ),
        candidates=(
            Candidate(label="Block 7 unit 2", probability=0.6),
            Candidate(label="none of these", probability=0.4),
        ),
        neighbours=NeighbourHarm(
            people_in_region=None,
            buildings_in_region=3,
            data="synthetic register 2026",
            downwind_m=40.0,
            receptors=(Receptor(kind=ReceptorKind.SCHOOL, number=1, nearest_m=120.0),),
            advice=(both("close windows on the downwind side", "cerrar las ventanas a sotavento"),),
        ),
        responder=ResponderSheet(
            activity=Activity.RECENT,
            last_seen=START,
            gases=(
                GasHazard(
                    species="acetone",
                    indoor_low_kg_m3=4e-4,
                    indoor_high_kg_m3=5e-3,
                    idlh_kg_m3=5.9e-3,
                    flammable_from_kg_m3=6e-2,
                ),
            ),
            approach=both("from the south, with the wind", "desde el sur, con el viento"),
            protection=both(
                "measure before entering; breathing protection",
                "medir antes de entrar; protección respiratoria",
            ),
            unknowns=(both("whether anybody is inside", "si hay alguien dentro"),),
        ),
        unknowns=(both("how long it has been emitting", "desde cuándo emite"),),
    )


def marking(**changes):
    facts = {
        "tlp": Tlp.AMBER_STRICT,
        "originator": HOUSE,
        "releasable_to": {PARTNER, OTHER},
        "compartments": {COMPARTMENT},
        "handle_until": START + timedelta(days=365),
    } | changes
    return Marking(**facts)


def agreement(**changes):
    facts = {
        "id": AGREEMENT,
        "version": 1,
        "kind": RuleKind.AGREEMENT,
        "effect": Effect.ALLOW,
        "title": "Partner agreement",
        "text": "Findings may be handed to the partners named.",
        "organisations": {PARTNER, OTHER},
        "issued": START - timedelta(days=10),
        "effective_from": START - timedelta(days=10),
    } | changes
    return Rule(**facts)


ROLES = {
    "A-CUST01": ({Role.CUSTODIAN}, HOUSE),
    "A-ANAL01": ({Role.ANALYST}, HOUSE),
    "A-REVW01": ({Role.REVIEWER}, HOUSE),
    "A-REVW02": ({Role.REVIEWER}, HOUSE),
    "A-RELS01": ({Role.RELEASER}, HOUSE),
    "A-AUDT01": ({Role.AUDITOR}, HOUSE),
    "A-PART01": ({Role.PARTNER}, PARTNER),
    "A-NOCO01": ({Role.ANALYST, Role.REVIEWER, Role.RELEASER, Role.AUDITOR, Role.CUSTODIAN}, HOUSE),
}
"""Badge to roles and organisation; A-NOCO01 may do everything but does not hold the compartment."""


@dataclass
class World:
    """A store with everybody admitted."""

    where: str
    clock: Clock
    exercise: bool = False
    keys: dict = field(default_factory=dict)

    def desk(self, badge):
        return desks.open_desk(self.where, self.keys[badge], clock=self.clock)


def make_world(where, *, exercise=False, partner_keys=()):
    world = World(
        where=where, clock=Clock(), exercise=exercise, keys={badge: new_actor_keys(badge) for badge in ROLES}
    )
    custodian = desks.create_store(
        where,
        organisation=Organisation(id=HOUSE, label="The house"),
        custodian=world.keys["A-CUST01"],
        exercise=exercise,
        clock=world.clock,
    )
    for badge, (roles, organisation) in ROLES.items():
        desks.admit(
            custodian,
            Actor(
                id=badge,
                organisation=organisation,
                roles=roles,
                compartments=set() if badge == "A-NOCO01" else {COMPARTMENT},
                verify_key=world.keys[badge].signing.public_hex,
                sealing_key=world.keys[badge].sealing_key,
            ),
        )
    custodian = world.desk("A-CUST01")
    for identifier, sealing in zip((PARTNER, OTHER), partner_keys or ((), ()), strict=True):
        desks.enter_organisation(
            custodian, Organisation(id=identifier, label="A partner", language="es", sealing_keys=sealing)
        )
    issue_authority(custodian, authority(exercise=exercise))
    review.enter_rule(custodian, agreement())
    return world


def opened_case(world, **changes):
    """A case just opened by the analyst, with its sections."""
    analyst = world.desk("A-ANAL01")
    taken = intake.ingest(
        analyst,
        survey(name="EXERCISE-flight" if world.exercise else "flight"),
        authority=AUTHORITY,
        label="flight",
        position_sigma_m=0.03,
        compartments={COMPARTMENT},
    )
    case = opening.open_case(
        analyst, taken.recording, located.located_of(report(taken.survey)), marking(**changes)
    )
    review.set_sections(analyst, case, sections())
    return case


def concluded_case(world, **changes):
    """A case that is concluded and complete."""
    case = opened_case(world, **changes)
    review.score_blind(world.desk("A-REVW01"), case, Assessment.UNEXPLAINED, 0.8)
    review.conclude(world.desk("A-ANAL01"), case, Assessment.UNEXPLAINED, "No registered use nearby.")
    return case


def released(world, case, recipient):
    """A sealed package of a concluded case: the release's identifier and the file."""
    releaser = world.desk("A-RELS01")
    prepared = release.prepare_release(releaser, case, recipient)
    release.sign_release(world.desk("A-ANAL01"), prepared)
    release.sign_release(releaser, prepared)
    return prepared, release.seal_release(releaser, prepared)


def folded_case(*, exercise=False):
    """A concluded case without any store."""
    flown = survey()
    located_ = located.located_of(report(flown))
    permission = authority(exercise=exercise)
    facts = located_.findings[0]
    finding = Finding(
        **facts,
        jurisdiction=jurisdiction_of(facts["region_90"], permission),
        first_seen=START,
        last_seen=START + timedelta(seconds=199),
        recordings=("c" * 64,),
        estimate=located_.estimate,
        method=located_.method,
    )
    dossier = Dossier(
        findings=(finding,),
        scores=located_.scores,
        recordings=(
            Recording(
                sha256="c" * 64,
                label="flight",
                sensor="pid",
                start=START,
                end=START + timedelta(seconds=199),
                samples=200,
            ),
        ),
        basis=Basis(
            fence=replay(intake.track_of(flown, position_sigma_m=0.03), permission).report,
            instrument=permission.instrument,
            article=permission.article,
            issuing_body=permission.issuing_body,
            mode=permission.mode.value,
        ),
        marking=marking(exercise=exercise),
        probability_no_source=0.05,
    )
    story = [
        ("A-ANAL01", CaseOpened(dossier=dossier)),
        ("A-ANAL01", SectionsSet(sections=sections())),
        ("A-REVW01", BlindScored(assessment=Assessment.UNEXPLAINED, confidence=0.8)),
        ("A-REVW01", DissentRecorded(text="The wind was light.")),
        (
            "A-ANAL01",
            Concluded(assessment=Assessment.UNEXPLAINED, grounds="No registered use.", rules="d" * 64),
        ),
    ]
    return fold(
        "X-C-TESTCASE" if exercise else "C-TESTCASE",
        [
            Recorded(sequence=n + 1, actor=badge, time=START + timedelta(hours=n + 3), event=event)
            for n, (badge, event) in enumerate(story)
        ],
    )


def content(*, exercise=False, recipient=PARTNER):
    """What a package of that case says."""
    return content_of(
        folded_case(exercise=exercise),
        release="X-P-TESTRELEASE" if exercise else "P-TESTRELEASE",
        recipient=recipient,
        prepared=START + timedelta(days=1),
        supersedes=None,
        version="0.1.0",
    )
