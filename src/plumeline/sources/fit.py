"""What was measured, what the posterior predicts and what is left, per averaged reading."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import xarray as xr
from scipy.stats import t

from plumeline.sources.problem import THETA, flight_of_observation
from plumeline.sources.products import FIT

if TYPE_CHECKING:
    from plumeline.sources.population import Population
    from plumeline.sources.prepare import Prepared


def fit_dataset(prepared: Prepared, population: Population) -> xr.Dataset:
    """Fit of the posterior to the averaged readings.

    Args:
        prepared: the inversion's arrays.
        population: posterior draws.

    Returns:
        Dataset of schema `fit`.

    Raises:
        SchemaError: never for a valid `prepared`.
    """
    problem = prepared.problem
    base = np.where(problem.censored, 0.0, (prepared.base / problem.scale)[problem.channel])
    unit = problem.scale[problem.channel]
    total = population.enhancement[:, 0] + population.background
    low, middle, high = np.quantile(total, [0.05, 0.5, 0.95], axis=0)
    sigma = np.sqrt(
        (problem.noise * np.exp(np.median(population.log_noise, axis=0)))[problem.group] ** 2
        + np.exp(2.0 * np.median(population.theta[:, 4::THETA], axis=0))[flight_of_observation(problem)]
        * (np.median(population.enhancement, axis=0) ** 2).sum(axis=0)
    )
    # What a reading may be, not only what its mean is: the t's own 90 % joins the draws' in quadrature.
    scatter = t.ppf(0.95, prepared.priors.dof) * sigma
    low = middle - np.hypot(middle - low, scatter)
    high = middle + np.hypot(high - middle, scatter)
    first, last = problem.row_start[:-1], problem.row_start[1:] - 1
    place = 0.5 * (problem.elements[:2, first] + problem.elements[8:10, last]).T.astype(float)[problem.row]
    seconds = (prepared.row_time_s[problem.row] * 1e9).astype("timedelta64[ns]")

    def concentration(values: np.ndarray) -> tuple[str, np.ndarray, dict[str, str]]:
        return ("reading", (values + base) * unit, {"units": "kg m-3"})

    return FIT.validate(
        xr.Dataset({
            "time": ("reading", prepared.samples.start + seconds),
            "sensor_label": (
                "reading",
                np.asarray(prepared.samples.sensor_names)[prepared.row_sensor[problem.row]],
            ),
            "species_label": ("reading", np.asarray(prepared.matrix.channels)[problem.channel]),
            "x": ("reading", place[:, 0], {"units": "m"}),
            "y": ("reading", place[:, 1], {"units": "m"}),
            "observed": concentration(problem.value),
            "background": concentration(np.median(population.background, axis=0)),
            "predicted": concentration(middle),
            "predicted_low": concentration(low),
            "predicted_high": concentration(high),
            "standard_residual": ("reading", (problem.value - middle) / sigma, {"units": "1"}),
            "is_limit": ("reading", problem.censored),
        })
    )
