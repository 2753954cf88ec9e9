"""Conventions of the real sets, checked with physics: gas is found downwind of where it is released."""

import numpy as np
import pytest

from benchmarks import real_sets
from plumeline.observations import Quality


def downwind(dataset, truth):
    """Share of the path (or 1 point) within 25 degrees of downwind of the source, and more than 2 m away."""
    if "x" in dataset:
        x, y = dataset["x"].to_numpy()[:, None], dataset["y"].to_numpy()[:, None]
    else:
        along = np.linspace(0, 1, 41)
        x, y = (
            dataset[f"{axis}_start"].to_numpy()[:, None] * (1 - along)
            + dataset[f"{axis}_end"].to_numpy()[:, None] * along
            for axis in "xy"
        )
    east, north = dataset["wind_eastward"].to_numpy()[:, None], dataset["wind_northward"].to_numpy()[:, None]
    dx, dy = x - truth.x_m, y - truth.y_m
    cosine = (dx * east + dy * north) / (np.hypot(dx, dy) * np.hypot(east, north))
    return ((cosine > np.cos(np.deg2rad(25))) & (np.hypot(dx, dy) > 2)).mean(axis=1) > 0.02


def excess_downwind(dataset, truth):
    """Mean reading downwind minus mean reading elsewhere, by sensor so that sensor offsets cancel."""
    value = dataset["mass_concentration"].to_numpy()[:, 0]
    sensor, hit = dataset["sensor"].to_numpy(), downwind(dataset, truth)
    fast = np.hypot(dataset["wind_eastward"], dataset["wind_northward"]).to_numpy() > 1.0
    differences = []
    for index in np.unique(sensor):
        mine = (sensor == index) & np.isfinite(value) & fast
        if (mine & hit).sum() > 5 and (mine & ~hit).sum() > 5:
            differences.append(value[mine & hit].mean() - value[mine & ~hit].mean())
    return np.asarray(differences)


def test_aded_reads_more_downwind(real_data):
    releases = real_sets.aded(real_data)
    assert releases
    gains = np.concatenate([excess_downwind(survey.in_situ, truth[0]) for _, survey, truth in releases])
    assert np.mean(gains > 0) > 0.9
    for name, survey, truth in releases:
        times = survey.in_situ["time"].to_numpy()
        assert times.min() >= truth[0].start, name
        assert times.max() < truth[0].end, name
    assert len({name for name, _, _ in releases}) == len(releases)


def test_ginninderra_reads_more_downwind_only_while_the_source_is_on(real_data):
    [(_, survey, truth)] = real_sets.ginninderra(real_data)
    on = {source.start for source in truth if source.rate_kg_s > 1e-5}
    off = {source.start for source in truth if source.rate_kg_s == 0.0}
    for dataset in survey.datasets:
        time = dataset["time"].to_numpy()
        gains = {
            state: excess_downwind(dataset.isel(reading=np.isin(time, list(times))), truth[0])
            for state, times in {"on": on, "off": off}.items()
        }
        assert np.mean(gains["on"]) > 0
        assert np.mean(gains["on"]) > 3 * abs(np.mean(gains["off"]))


def test_chilbolton_reads_more_when_the_beam_is_downwind(real_data):
    releases = real_sets.chilbolton(real_data)
    assert releases
    for _, survey, truth in releases:
        assert np.mean(excess_downwind(survey.open_path, truth[0])) > 0
        assert set(np.unique(survey.open_path["sensor"])) == set(range(7))


def test_prairie_grass_arcs_peak_downwind(real_data):
    releases = real_sets.prairie_grass(real_data)
    assert len(releases) > 20
    for name, survey, truth in releases:
        readings = survey.in_situ
        near = np.hypot(readings["x"], readings["y"]).to_numpy() < 60.0
        value = np.nan_to_num(readings["mass_concentration"].to_numpy()[near, 0])
        peak = np.arctan2((value * readings["x"][near]).sum(), (value * readings["y"][near]).sum())
        wind = np.arctan2(readings["wind_eastward"][0], readings["wind_northward"][0])
        assert np.cos(float(peak - wind)) > np.cos(np.deg2rad(10)), name
        assert truth[0].rate_kg_s == pytest.approx(0.07, abs=0.04)


def test_prairie_grass_missing_code_is_flagged_not_read_as_gas(real_data):
    for _, survey, _ in real_sets.prairie_grass(real_data):
        value = survey.in_situ["mass_concentration"].to_numpy()
        flagged = (survey.in_situ["quality"].to_numpy() & int(Quality.DROPOUT)) != 0
        assert np.isnan(value[flagged]).all()
        assert (value[~flagged] >= 0).all()


def test_a_folder_without_the_sets_gives_nothing_and_says_so(tmp_path, capsys):
    for load in (real_sets.aded, real_sets.ginninderra, real_sets.chilbolton, real_sets.prairie_grass):
        assert load(tmp_path) == []
    assert capsys.readouterr().err.count("real sets:") == 4
