"""A column image in tiles, and as vertical paths."""

import numpy as np
import pytest

from plumeline.errors import InputError
from plumeline.frames import LocalFrame, lonlat
from plumeline.observations.columns import MOST_TILES, SteadyWind, Taken, column_survey, tiles_of

TAKEN = Taken(
    name="image",
    gas="methane",
    molar_mass_kg_mol=0.01604,
    wind=SteadyWind.blowing_from(3.0, 270.0, 0.4),
    time=np.datetime64("2026-03-02T09:40"),
    inputs={},
)


@pytest.mark.parametrize("shape", [(600, 1000), (1, 4000), (37, 2111), (40, 50)])
def test_tiles_are_few_and_keep_the_whole(shape):
    image = np.random.default_rng(1).normal(5.0, 2.0, shape)
    tiles = tiles_of(image)
    assert tiles.mean.size <= MOST_TILES
    side = tiles.pixels
    size = np.minimum(side, 2.0 * (shape[0] - tiles.row)) * np.minimum(side, 2.0 * (shape[1] - tiles.column))
    assert np.sum(size) == pytest.approx(image.size)
    assert np.sum(size * tiles.mean) == pytest.approx(image.sum())
    np.testing.assert_allclose(tiles.sigma, 2.0 / np.sqrt(size), rtol=0.1)


def test_tiles_that_lack_most_of_their_pixels_are_left_out():
    image = np.zeros((100, 100))
    image[:, :30] = np.nan
    tiles = tiles_of(image, most=100)
    assert tiles.pixels == 10
    assert tiles.mean.size == 70
    assert tiles.column.min() == 35.0


def test_a_column_becomes_the_mean_along_a_path_that_gives_it_back():
    tiles = tiles_of(np.full((10, 10), 250.0))
    survey = column_survey(
        tiles, (tiles.column, -tiles.row), frame=LocalFrame(origin=lonlat(5.0, 52.0)), taken=TAKEN
    )
    path = survey.open_path
    length_m = path["z_end"].to_numpy() - path["z_start"].to_numpy()
    column = path["mass_concentration"].to_numpy()[:, 0] * length_m
    # 1 ppm m of a gas of 16 g/mol in the standard atmosphere (42.3 mol m-3) is 0.68 mg m-2.
    np.testing.assert_allclose(column, 250.0 * 0.678e-6, rtol=0.002)
    assert float(path["wind_eastward"][0]) == pytest.approx(3.0)
    assert float(path["wind_northward"][0]) == pytest.approx(0.0, abs=1e-9)


def test_an_image_without_surroundings_is_refused():
    tiles = tiles_of(np.full((4, 4), 250.0))
    with pytest.raises(InputError, match="only 16 parts"):
        column_survey(tiles, (tiles.column, tiles.row), frame=LocalFrame(origin=None), taken=TAKEN)
