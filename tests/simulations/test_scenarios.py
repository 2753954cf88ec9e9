import csv
import filecmp
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest

from plumeline.cli.main import main
from plumeline.errors import ConfigurationError, InputError
from plumeline.frames import LocalFrame
from plumeline.instruments import read
from plumeline.simulations import fly
from plumeline.simulations.case_folder import CaseFolder, open_truth, write_case
from plumeline.simulations.formats import WRITERS
from plumeline.simulations.scenario import SHIPPED, load, parse, shipped
from plumeline.simulations.survey_files import MAPPINGS
from plumeline.simulations.town_plan import trades
from plumeline.simulations.towns import ORIGIN
from plumeline.workflows.ingest import load_survey

DEMO = Path(__file__).resolve().parents[2] / "src" / "plumeline" / "simulations" / "demo"


@pytest.fixture(scope="module")
def flight():
    return fly(load("town-demo").build(1), 1)


@pytest.fixture(scope="module")
def beam():
    return fly(load("open-path").build(1), 1)


@pytest.fixture(scope="module")
def laser():
    return fly(load("methane-laser").build(1), 1)


def test_a_laser_sees_the_column_below_where_the_inlet_sees_nothing(laser):
    column, inlet = laser.readings_ppb
    assert [sensor.path for sensor in laser.scene.sensors] == ["nadir", "point"]
    # Flown at 30 m over a source near the ground: a column of several ppm m, next to nothing at the inlet.
    assert (np.nanmax(column) - 1950) * 30e-3 > 5.0
    assert np.nanmax(inlet) - 1950 < 0.3 * (np.nanmax(column) - 1950)


def test_every_shipped_scenario_loads_and_has_both_languages():
    for name in SHIPPED:
        scenario = load(name)
        assert scenario.name == name
        assert scenario.title != scenario.titulo
        for inject in scenario.injects:
            assert set(inject) == {"minute", "en", "es"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("wind_speed_m_s", "wind_sped_m_s"), "wind_sped_m_s"),
        (('pattern = "lawn-mower"', 'pattern = "zigzag"'), "zigzag"),
        (('species = "acetone"', 'species = "acetone"\nnoise = 3'), "noise"),
        (('stability_class = "D"', 'stability_class = "X"'), "X"),
        (('building = "B007"', 'building = "B700"'), "B700"),
        (("[air]", "[aire]"), "aire"),
        (("wind_from_deg = 240\n", ""), "wind_from_deg"),
        (('format = ["skyhub"]', 'format = ["hubsky"]'), "hubsky"),
        (("name =", "name = ="), "TOML"),
    ],
)
def test_a_wrong_key_or_value_is_named(change, message):
    with pytest.raises((ConfigurationError, InputError), match=message):
        parse(shipped("town-demo").replace(*change))


def test_the_same_seed_writes_the_same_bytes(tmp_path, flight):
    again = fly(load("town-demo").build(1), 1)
    formats = [form for form, kind in WRITERS.items() if kind.path == "point"]
    first = write_case(flight, tmp_path / "one", file_formats=formats)
    second = write_case(again, tmp_path / "two", file_formats=formats)
    names = [str(path.relative_to(first.root)) for path in sorted(first.root.rglob("*")) if path.is_file()]
    assert len(names) == len(formats) + 2 + 3 + 1 + 0
    _, different, missing = filecmp.cmpfiles(first.root, second.root, names, shallow=False)
    assert not different
    assert not missing


def test_the_shipped_demo_is_what_the_simulator_writes(tmp_path, flight):
    case = write_case(flight, tmp_path / "case")
    with (DEMO / "town-demo.skyhub.csv").open() as stream:
        shipped_rows = list(csv.reader(stream))
    with (case.flight / "town-demo.skyhub.csv").open() as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == shipped_rows[0]
    column = rows[0].index("GAS:acetone")
    ours, theirs = (
        np.array([float(row[column] or "nan") for row in table[1:]]) for table in (rows, shipped_rows)
    )
    # Not byte for byte: another processor's exp() may round a last digit the other way.
    np.testing.assert_allclose(ours, theirs, atol=2e-4)
    assert sum(path.stat().st_size for path in DEMO.iterdir()) < 400_000


def test_the_truth_is_sealed_and_apart(tmp_path, flight):
    case = write_case(flight, tmp_path / "case")
    seen = "".join(path.read_text() for path in [*case.flight.iterdir(), *case.scene.iterdir()])
    for word in ("source-1", "rate", "0.00035,", "unexplained"):
        assert word not in seen
    truth = open_truth(case)
    assert truth["sources"][0]["rate_kg_s"] == {"acetone": 0.00035}
    case.truth.write_text(case.truth.read_text().replace("0.00035", "0.00036"))
    with pytest.raises(InputError, match="sealed"):
        open_truth(case)


def test_a_case_never_overwrites(tmp_path, flight):
    write_case(flight, tmp_path / "case")
    with pytest.raises(InputError, match="not empty"):
        write_case(flight, tmp_path / "case")


def test_the_skyhub_file_gives_back_wind_and_place(tmp_path, flight):
    case = write_case(flight, tmp_path / "case")
    with (case.flight / "town-demo.skyhub.csv").open() as stream:
        rows = list(csv.DictReader(stream))

    def column(name):
        return np.array([float(row[name]) for row in rows])

    frame = LocalFrame(origin=ORIGIN)
    east, north = frame.to_local(column("Longitude"), column("Latitude"))
    np.testing.assert_allclose(east, flight.reported_m[:, 0], atol=0.01)
    # Body-frame airflow back to wind: turn by the heading, then add the ground velocity.
    comes_from = np.radians(column("AIR:Direction") + column("Yaw"))
    track = flight.scene.track
    wind_east = -column("AIR:Speed") * np.sin(comes_from) + np.gradient(track.east_m)
    wind_north = -column("AIR:Speed") * np.cos(comes_from) + np.gradient(track.north_m)
    np.testing.assert_allclose(np.column_stack([wind_east, wind_north]), flight.wind_m_s, atol=0.02)
    assert east.size == north.size == flight.time.size


def test_pergam_lines_carry_valid_checksums_and_only_a_laser_writes_them(tmp_path, flight, laser):
    with pytest.raises(ConfigurationError, match="nadir"):
        write_case(flight, tmp_path / "none", file_formats=["pergam"])
    case = write_case(laser, tmp_path / "case", file_formats=["pergam"])
    lines = [
        line
        for line in (case.flight / "methane-laser.pergam.log").read_text().splitlines()
        if "ETC:FWD" in line
    ]
    assert len(lines) > 600
    for line in lines[::100]:
        body, _, checksum = line.partition("$")[2].partition("*")
        value = 0
        for letter in body:
            value ^= ord(letter)
        assert f"{value:02X}" == checksum


def test_towns_stand_in_the_open_ocean_and_registers_do_not_list_the_unexplained(tmp_path):
    scene = load("next-door").build(2)
    case = write_case(fly(scene, 2), tmp_path / "case")
    footprints = json.loads((case.scene / "footprints.geojson").read_text())
    assert len(footprints["features"]) == 120
    for lon, lat in footprints["features"][0]["geometry"]["coordinates"][0]:
        assert abs(lon - ORIGIN.lon_deg) < 0.01
        assert abs(lat - ORIGIN.lat_deg) < 0.01
    with (case.scene / "register.csv").open() as stream:
        listed = list(csv.DictReader(stream))
    assert {"shop=beauty", "shop=dry_cleaning", "amenity=school"} <= {row["tags"] for row in listed}
    hidden = [b.building_id for b in scene.buildings if b.use == "unexplained_solvent_mixture"]
    assert len(hidden) == 1
    assert hidden[0] not in {row["building_id"] for row in listed}


def test_neighbours_share_walls_both_ways():
    houses = {house.building_id: house for house in load("town-demo").build(1).buildings}
    pairs = [(a, b) for a, house in houses.items() for b in house.shares_wall_with]
    assert pairs
    for a, b in pairs:
        assert a in houses[b].shares_wall_with


def test_rates_of_trades_stay_within_the_noted_ranges():
    for name, trade in trades().items():
        assert 0 < trade.rate_g_s[0] < trade.rate_g_s[1] <= 1.8, name
        assert trade.source


def test_the_command_writes_a_case_and_refuses_nonsense(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["simulate", "town-demo", "--seed", "4", "-o", str(tmp_path / "out")])
    assert left.value.code == 0
    assert open_truth(CaseFolder(root=tmp_path / "out"))["seed"] == 4
    with pytest.raises(SystemExit) as left:
        main(["simulate", "no-such", "-o", str(tmp_path / "out2")])
    assert left.value.code == 2
    assert "town-demo" in capsys.readouterr().err
    with pytest.raises(SystemExit) as left:
        main(["simulate", "--suite", "empty", "--cases", "2", "--seed", "8", "-o", str(tmp_path / "suite")])
    assert left.value.code == 0
    assert sorted(path.name for path in (tmp_path / "suite").iterdir()) == ["case-8", "case-9"]


@pytest.mark.parametrize("form", [form for form, kind in WRITERS.items() if kind.has_gas and kind.has_place])
def test_the_products_own_readers_read_every_format(tmp_path, flight, laser, beam, form):
    flown = {"nadir": laser, "beam": beam}.get(WRITERS[form].path, flight)
    scenario = flown.scene.name
    case = write_case(flown, tmp_path / "case", file_formats=[form])
    mapping = MAPPINGS[form][0] if form in MAPPINGS else None
    found = read(
        case.flight / f"{scenario}{WRITERS[form].suffix}", mapping=case.flight / mapping if mapping else None
    )
    if form == "path-csv":
        assert set(found.tables) == {"readings"}
        return
    assert found.tables["readings"].sizes["record"] == pytest.approx(flown.time.size, abs=40)
    frame = LocalFrame(origin=ORIGIN)
    track = found.tables["track"]
    east, north = frame.to_local(track["longitude"].to_numpy(), track["latitude"].to_numpy())
    rows = slice(0, min(east.size, 200))
    if east.size == flown.time.size:
        np.testing.assert_allclose(east[rows], flown.reported_m[rows, 0], atol=0.2)
        np.testing.assert_allclose(north[rows], flown.reported_m[rows, 1], atol=0.2)


@pytest.mark.parametrize("form", [form for form, kind in WRITERS.items() if not kind.has_gas])
def test_an_autopilots_log_gives_a_gas_logger_its_places(tmp_path, flight, form):
    case = write_case(flight, tmp_path / "case", file_formats=["gas-csv", form])
    log = read(case.flight / f"town-demo{WRITERS[form].suffix}")
    assert not [remark for remark in log.remarks if "damaged" in remark.what]
    frame = LocalFrame(origin=ORIGIN)
    track, attitude = log.tables["track"], log.tables["attitude"]
    east, north = frame.to_local(track["longitude"].to_numpy(), track["latitude"].to_numpy())
    np.testing.assert_allclose(np.column_stack([east, north]), flight.reported_m[:, :2], atol=0.02)
    np.testing.assert_allclose(track["altitude"], flight.reported_m[:, 2], atol=0.02)
    assert abs(track["time"].to_numpy() - flight.time).max() < np.timedelta64(2, "ms")
    heading = np.angle(np.exp(1j * np.radians(attitude["heading"].to_numpy() - flight.attitude_deg[:, 2])))
    assert np.degrees(abs(heading)).max() < 0.02
    survey = load_survey(case.flight)
    placed = survey.in_situ
    assert placed.sizes["reading"] > 0.95 * flight.time.size
    # The inlet's delay is taken out, so that a reading's place is that of 3 s before.
    at = np.searchsorted(flight.time, placed["time"].to_numpy().astype(flight.time.dtype))
    rows = (at > 10) & (at < flight.time.size - 10)
    np.testing.assert_allclose(placed["x"].to_numpy()[rows], flight.reported_m[at[rows], 0], atol=6.0)


def test_an_open_path_survey_holds_beams_to_the_reflector(tmp_path, beam):
    survey = load_survey(write_case(beam, tmp_path / "case", file_formats=["path-csv"]).flight)
    paths = survey.open_path
    assert survey.in_situ is None
    reflector = np.array([[paths[f"{axis}_end"].to_numpy() for axis in "xyz"]])[0]
    np.testing.assert_allclose(reflector.T, np.tile([0.0, 0.0, 1.5], (paths.sizes["reading"], 1)), atol=0.05)
    truth = beam.mole_fraction_ppb["methane"]
    assert truth.max() > 1950 + 100
    fraction = paths["mass_concentration"].to_numpy()[:, 0] / 6.68e-10
    # The ingest takes out the cell's response of a second, which the readings still carry.
    np.testing.assert_allclose(np.nanmax(fraction), truth.max(), rtol=0.1)


@pytest.mark.parametrize(
    ("formats", "message"),
    [
        (["gas-csv"], "does not say where"),
        (["tlog"], "holds no gas"),
        (["pergam"], "path = nadir"),
        (["path-csv"], "path = beam"),
        (["nope"], "unknown"),
    ],
)
def test_formats_that_make_no_flight_are_refused(tmp_path, flight, formats, message):
    with pytest.raises(ConfigurationError, match=message):
        write_case(flight, tmp_path / "case", file_formats=formats)


BROKEN = [
    "air = 3",
    "air = []",
    'emitter = "x"',
    "emitter = [1]",
    "sensor = {}",
    "sensor = []",
    "flight = 1",
    "flight = { pattern = [] }",
    'flight = { pattern = "lawn-mower" }',
    'flight = { pattern = "lawn-mower", size_m = [9e9, 1], spacing_m = 1e-9, heights_m = [5], speed_m_s = 3 }',
    'flight = { pattern = "lawn-mower", size_m = [90], spacing_m = 9, heights_m = [5], speed_m_s = 3 }',
    'flight = { pattern = "lawn-mower", size_m = [90, 90], spacing_m = 9, heights_m = 5, speed_m_s = 3 }',
    'flight = { pattern = "lawn-mower", size_m = [90, 90], spacing_m = 9, heights_m = [-5], speed_m_s = 3 }',
    'flight = { pattern = "curtain", length_m = 90, heights_m = [5], speed_m_s = 3, passes = 1000000000 }',
    'flight = { pattern = "spiral", radii_m = [9, 90], heights_m = [5, 9], turns = 1e12, speed_m_s = 3 }',
    'flight = { pattern = "spiral", radii_m = [9, 90], heights_m = [5, 9], turns = 9, speed_m_s = nan }',
    'name = "../../etc/x"',
    "name = 4",
    'name = ""',
    'format = "nope"',
    "format = [3]",
    "format = 3",
    "format = []",
    'format = ["gas-csv"]',
    'start_utc = "yesterday"',
    'start_utc = "0001-01-01T00:00:00"',
    "town = 7",
    "town = { buildings = 0 }",
    "town = { buildings = 1000000000 }",
    "town = { buildings = 10, businesses = { bakery = 90 } }",
    "town = { buildings = 10, businesses = { bakery = -1 } }",
    'town = { buildings = 10, businesses = { "no such" = 1 } }',
    "anemometer = { mast_height_m = -3 }",
    'anemometer = { noise_m_s = "loud" }',
    "platform = { position_sigma_m = -1 }",
    "platform = { clock_offset_s = inf }",
    "inject = [{ minute = 3 }]",
    'inject = [{ minute = "three", en = "x", es = "y" }]',
]


@pytest.mark.parametrize("line", BROKEN)
def test_every_malformed_scenario_is_a_clear_error(line):
    key = line.partition("=")[0].strip()
    table = tomllib.loads(shipped("town-demo"))
    table[key] = tomllib.loads(line)[key]
    with pytest.raises((ConfigurationError, InputError)) as caught:
        parse(toml_text(table), where="mine.toml")
    assert str(caught.value).strip()
    assert len(str(caught.value)) < 600


@pytest.mark.parametrize(
    ("table", "key", "value"),
    [
        ("air", "wind_speed_m_s", -3.0),
        ("air", "wind_speed_m_s", 0.0),
        ("air", "wind_speed_m_s", "fast"),
        ("air", "wind_speed_m_s", True),
        ("air", "wind_speed_m_s", float("nan")),
        ("air", "roughness_m", 0.0),
        ("air", "roughness_m", 20.0),
        ("air", "wind_height_m", 0.0),
        ("air", "mixing_height_m", 1.0),
        ("air", "temperature_k", 20.0),
        ("air", "pressure_pa", 1013.0),
        ("air", "stability_class", "G"),
        ("air", "deposition_m_s", -1.0),
        ("air", "gust_factor", 0.0),
    ],
)
def test_air_that_cannot_be_is_refused(table, key, value):
    scenario = tomllib.loads(shipped("town-demo"))
    scenario[table][key] = value
    with pytest.raises((ConfigurationError, InputError), match=str(key if key != "stability_class" else "G")):
        parse(toml_text(scenario))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("rates_g_s", {}),
        ("rates_g_s", {"acetone": -1.0}),
        ("rates_g_s", {"unobtainium": 1.0}),
        ("rates_g_s", {"acetone": "much"}),
        ("name", " "),
        ("height_m", -2.0),
        ("schedule", {"pattern": "sometimes"}),
        ("schedule", {"period_s": 0.0}),
        ("schedule", 4),
        ("sought", "yes"),
    ],
)
def test_emitters_that_cannot_be_are_refused(key, value):
    scenario = tomllib.loads(shipped("town-demo"))
    scenario["emitter"][0][key] = value
    with pytest.raises((ConfigurationError, InputError)):
        parse(toml_text(scenario))


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("kind", "nose"),
        ("species", "unobtainium"),
        ("noise_ppb", -1.0),
        ("rise_s", float("inf")),
        ("path", "beam"),
        ("path", "sideways"),
        ("reflector_m", [0.0, 0.0, 1.0]),
        ("model", "no-such"),
        ("dropouts_per_hour", 1e9),
    ],
)
def test_sensors_that_cannot_be_are_refused(key, value):
    scenario = tomllib.loads(shipped("town-demo"))
    scenario["sensor"][0][key] = value
    with pytest.raises((ConfigurationError, InputError)):
        parse(toml_text(scenario))


def test_files_that_are_no_scenario_are_refused(tmp_path):
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe\x00\x80")
    (tmp_path / "empty.toml").write_text("")
    for name, message in (
        ("binary.toml", "UTF-8"),
        ("empty.toml", "missing"),
        ("none.toml", "cannot be read"),
    ):
        with pytest.raises(ConfigurationError, match=message):
            load(tmp_path / name)


def toml_text(value, name=""):
    """The least writer that these tables need."""
    if isinstance(value, dict) and not name:
        return "\n".join(f"{key} = {toml_text(inner, key)}" for key, inner in value.items())
    if isinstance(value, dict):
        inside = ", ".join(f"{json.dumps(key)} = {toml_text(inner, key)}" for key, inner in value.items())
        return "{ " + inside + " }"
    if isinstance(value, list):
        return "[" + ", ".join(toml_text(inner, name) for inner in value) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
