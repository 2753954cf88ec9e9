"""The same way by command line, from keys to a verified package, with a real flight and a result folder."""

import json
from datetime import UTC, datetime

import numpy as np
import pytest
import xarray as xr

import casework
from casework import PARTNER
from plumeline.access.keys import new_actor_keys
from plumeline.access.records import to_plain
from plumeline.cli.main import main
from plumeline.store import locate_document
from plumeline.workflows.ingest import load_survey

BADGES = {
    "A-CUST01": ["custodian"],
    "A-ANAL01": ["analyst"],
    "A-REVW01": ["reviewer"],
    "A-RELS01": ["releaser"],
    "A-AUDT01": ["auditor"],
}


@pytest.fixture
def call(tmp_path, capsys, monkeypatch):
    """Run a command as a badge; gives its JSON answer, or the exit code when `fails` is set."""
    monkeypatch.setenv("PLUMELINE_PASSPHRASE", "")
    monkeypatch.setenv("PLUMELINE_STORE", str(tmp_path / "store"))

    def run(*words, badge=None, fails=None, as_json=True):
        words = [str(word) for word in words]
        if badge is not None:
            monkeypatch.setenv("PLUMELINE_KEY", str(tmp_path / f"{badge}.key"))
        with pytest.raises(SystemExit) as left:
            main([*words, "--json"] if as_json else words)
        out = capsys.readouterr()
        if fails is not None:
            assert left.value.code == fails, out
            assert "Traceback" not in out.err
            return out.err
        assert left.value.code == 0, out.err
        return json.loads(out.out) if as_json and out.out else None

    return run


def file(folder, name, value):
    path = folder / name
    path.write_text(json.dumps(value if isinstance(value, dict) else to_plain(value)))
    return path


def result_folder(folder, report):
    """What `plumeline locate` leaves, as far as a case reads it."""
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps(locate_document(report)))
    tree = {"detectability": report.detectability, "fit": report.fit}
    xr.DataTree.from_dict({"/": xr.Dataset()} | tree).to_netcdf(folder / "arrays.nc", engine="h5netcdf")
    return folder


@pytest.fixture
def flight(real_data):
    """The real UAV flight over a fumarole field; its wind is declared, for the flight carried no anemometer."""
    return real_data / "vulcano-uav-2022/flight-1.csv"


def test_a_real_flight_goes_from_authority_to_a_sealed_package(call, tmp_path, flight):  # noqa: PLR0915 (one walk)
    (tmp_path / "survey.toml").write_text(
        'name = "fumaroles"\n[wind]\nspeed_m_s = 3.0\ndirection_from_deg = 300.0\n'
        f'[[file]]\npath = "{flight}"\n'
    )
    survey = load_survey(tmp_path / "survey.toml")
    keys = {badge: call("policy", "keygen", badge, tmp_path / f"{badge}.key") for badge in BADGES}
    call(
        "case",
        "init",
        tmp_path / "store",
        "--organisation",
        "O-HOUSE",
        "--label",
        "The house",
        badge="A-CUST01",
        as_json=False,
    )
    for badge, roles in BADGES.items():
        actor = keys[badge] | {"organisation": "O-HOUSE", "roles": roles, "compartments": ["HARBOR"]}
        call("policy", "admit", file(tmp_path, f"{badge}.json", actor))
    secret = new_actor_keys("A-XXXX").sealing
    (tmp_path / "partner.key").write_text(f"# secret\n{secret}\n")
    partner = {"id": PARTNER, "label": "Partner", "language": "es", "sealing_keys": [str(secret.to_public())]}
    call("policy", "organisation", file(tmp_path, "partner.json", partner))
    origin, sensors = (
        survey.frame.origin,
        [str(n) for d in survey.datasets for n in d["sensor_name"].to_numpy()],
    )
    times = survey.datasets[0]["time"].to_numpy()
    north_m = float(survey.datasets[0]["y"].max()) - 1.0
    lon, lat = survey.frame.to_lonlat(np.array([-1e3, 1e3]), np.array([-1e3, north_m]))
    box = [[[lon[0], lat[0]], [lon[1], lat[0]], [lon[1], lat[1]], [lon[0], lat[1]], [lon[0], lat[0]]]]
    day = str(times.min())[:10]
    permission = to_plain(casework.authority(mode="permitted inside", border=None)) | {
        "area": {"type": "MultiPolygon", "coordinates": [box]},
        "altitude_low_m": -1000.0,
        "altitude_high_m": 1000.0,
        "start": f"{day}T00:00:00Z",
        "end": f"{day}T23:59:59Z",
        "expiry": "2099-01-01T00:00:00Z",
        "sensors": [{"label": name, "senses": "air sample"} for name in sensors],
    }
    call("policy", "authority", file(tmp_path, "authority.json", permission))
    rule = to_plain(casework.agreement()) | {
        "issued": "2020-01-01T00:00:00Z",
        "effective_from": "2020-01-01T00:00:00Z",
    }
    assert call("policy", "rule", file(tmp_path, "rule.json", rule))["affected_cases"] == []

    # Its northernmost metre lies beyond the area (whose edge, 2 km long, bows by 6 cm in the plane): quarantined.
    taken = call(
        "case", "ingest", tmp_path / "survey.toml", "--authority", casework.AUTHORITY, "--label", "Vulcano flight",
        "--position-sigma", "0.05", "--compartment", "HARBOR", badge="A-ANAL01",
    )  # fmt: skip
    north = survey.datasets[0]["y"].to_numpy()
    assert taken["fence"]["quarantined"] == int((north > north_m).sum()) > 0
    assert taken["fence"]["samples"] == survey.reading_count

    # A result over what was permitted, and one that used all.
    kept = survey.datasets[0].isel(reading=np.flatnonzero(north <= north_m))
    from dataclasses import replace

    good = casework.report(replace(survey, in_situ=kept))
    bad = casework.report(survey)
    for each, dataset in ((good, kept), (bad, survey.datasets[0])):
        each.fit["sensor_label"] = ("reading", np.array(sensors, object)[dataset["sensor"].to_numpy()])
    marking = file(tmp_path, "marking.json", to_plain(casework.marking(handle_until=None)))
    opened = ("case", "open", "--recording", taken["recording"], "--marking", marking)
    told = call(*opened, result_folder(tmp_path / "bad", bad), fails=5)
    assert "quarantined samples were used" in told
    case = call(*opened, result_folder(tmp_path / "good", good))["case"]
    assert origin is not None
    call("case", "sections", case, file(tmp_path, "sections.json", casework.sections()))

    today = datetime.now(UTC).date()
    assert call("case", "show", case, "--as-of", today)["as_of"].startswith(f"{today}T23:59:59")
    assert "not open yet" in call("case", "show", case, "--as-of", "2026-03-01T09:40Z", fails=4)

    shown = call("case", "show", case, badge="A-REVW01")
    assert shown["machine_scores"] == "hidden until you have scored blind"
    call("review", "score", case, "unexplained", "--confidence", "0.8")
    assert call("case", "show", case)["machine_scores"][0]["probability"] == pytest.approx(0.93)
    call("review", "conclude", case, "unexplained", "No registered use nearby.", badge="A-ANAL01")
    release = call("release", "prepare", case, "--to", PARTNER, badge="A-RELS01")["release"]
    assert "data/dossier-es.pdf" in {line["file"] for line in call("release", "show", release)}
    call("release", "sign", release)
    call("release", "seal", release, "-o", tmp_path / "early.age", fails=4)
    call("release", "sign", release, badge="A-ANAL01")
    call("release", "seal", release, "-o", tmp_path / "p.age", badge="A-RELS01")
    call("package", "card", "-o", tmp_path / "card.json", badge="A-AUDT01")
    checked = call(
        "verify", tmp_path / "p.age", "--card", tmp_path / "card.json", "--identity", tmp_path / "partner.key"
    )
    assert checked["verified"]
    torn = bytearray((tmp_path / "p.age").read_bytes())
    torn[len(torn) // 2] ^= 1
    (tmp_path / "torn.age").write_bytes(torn)
    call(
        "verify",
        tmp_path / "torn.age",
        "--card",
        tmp_path / "card.json",
        "--identity",
        tmp_path / "partner.key",
        fails=5,
    )
    assert call("outcome", "clock", badge="A-ANAL01")[0]["waiting_for"] == "acknowledgement"
    call("audit", "export", "-o", tmp_path / "log.jsonl", badge="A-AUDT01")
    assert call("audit", "verify", tmp_path / "log.jsonl", "--card", tmp_path / "card.json")["verified"]
    text = (tmp_path / "log.jsonl").read_text()
    (tmp_path / "changed.jsonl").write_text(text.replace("scored-blind", "scored-blond", 1))
    call("audit", "verify", tmp_path / "changed.jsonl", "--card", tmp_path / "card.json", fails=5)
    assert call("audit", "check")["size"] > 20


def test_wrong_keys_files_and_stores_get_one_clear_line(call, tmp_path, monkeypatch):
    call("case", "list", fails=2)
    monkeypatch.setenv("PLUMELINE_PASSPHRASE", "a long passphrase for tests")
    (tmp_path / "A-NONE01.key").write_text("not a key")
    assert "does not open" in call("case", "list", badge="A-NONE01", fails=5)
    call("policy", "keygen", "A-CUST01", tmp_path / "A-CUST01.key")
    assert "exists already" in call("policy", "keygen", "A-CUST01", tmp_path / "A-CUST01.key", fails=3)
    assert "cannot be opened" in call("case", "list", badge="A-CUST01", fails=7)
    call(
        "case", "init", tmp_path / "store", "--organisation", "O-HOUSE", "--label", "The house", as_json=False
    )
    assert "already" in call(
        "case",
        "init",
        tmp_path / "store",
        "--organisation",
        "O-HOUSE",
        "--label",
        "H",
        as_json=False,
        fails=7,
    )
    monkeypatch.setenv("PLUMELINE_PASSPHRASE", "another")
    assert "passphrase" in call("case", "list", fails=5)
    monkeypatch.setenv("PLUMELINE_PASSPHRASE", "a long passphrase for tests")
    (tmp_path / "broken.json").write_text("{")
    assert "is not JSON" in call("policy", "rule", tmp_path / "broken.json", fails=3)
    (tmp_path / "unknown.json").write_text(json.dumps({"id": "G-RULE01", "name": "x"}))
    assert "not a valid Rule" in call("policy", "rule", tmp_path / "unknown.json", fails=3)
    assert call("case", "list") == []
    call("case", "show", "C-NOSUCHCASE", fails=5)
