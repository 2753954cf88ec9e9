"""Short-wave scenes: sunlight that passes a plume twice obeys Beer and Lambert along the slanted path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


def shortwave_target(
    absorbance_per_ppm_m: Floats, *, solar_zenith_deg: float, view_zenith_deg: float
) -> Floats:
    """Relative change of radiance per vertical ppm m.

    Args:
        absorbance_per_ppm_m: napierian absorbance per ppm m along the path, shape (band,).
        solar_zenith_deg: solar zenith angle [degrees].
        view_zenith_deg: view zenith angle [degrees].

    Returns:
        dL/L per vertical ppm m, shape (band,): minus absorbance times the air-mass factor 1/cos θs + 1/cos θv.

    Raises:
        InputError: an angle is not between 0 and 85 degrees.
    """
    for angle, name in ((solar_zenith_deg, "solar"), (view_zenith_deg, "view")):
        if not 0.0 <= angle <= 85.0:
            raise InputError(f"{name} zenith angle {angle:g}° is not between 0° and 85°")
    factor = 1 / np.cos(np.radians(solar_zenith_deg)) + 1 / np.cos(np.radians(view_zenith_deg))
    return np.asarray(-factor * absorbance_per_ppm_m)
