"""Open-path retrieval: columns of gases between a source of infrared light and a Fourier-transform spectrometer.

Model of a single-beam spectrum over a narrow window:

    S(v) = p(v) · [ K_L ∗ exp(−Σ_g c_g A_g(v)) ](v (1 − s)) + o

with p a polynomial baseline, K_L the instrument's line shape at optical path difference L, s a relative wavenumber
shift and o a zero offset. p and o are linear and are solved inside (variable projection); columns c_g ≥ 0, s and L are found by
nonlinear least squares. Absorption that no supplied gas explains is masked where the signal falls more than 2.5
robust sigma below the model, and its share is reported: unexplained absorption is stated, never hidden.

`pattern_null` answers "would this line pattern have fitted as well anywhere else?" by fitting the gas' lines at
wrong places: a null made of the spectrum's own unexplained structure.

References: Griffith, Appl. Spectrosc. 50, 59 (1996) for the forward fit; Golub & Pereyra, SIAM J. Numer. Anal. 10,
413 (1973) for variable projection.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from scipy.optimize import least_squares
from scipy.signal import fftconvolve

from plumeline.errors import RefusedError
from plumeline.radiometry import fourier_line_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from plumeline.instruments.cubes import Spectrum

    Floats = NDArray[np.float64]
    Flags = NDArray[np.bool_]

FINE_STEP_CM1 = 0.04
MARGIN_CM1 = 12.0
MASK_SIGMA = 2.5
MASK_ROUNDS = 25
MOST_MASKED = 0.6
"""A window with more unexplained points than this share is refused."""

SHIFT_BOUND = 3e-4
"""Greatest relative error of the wavenumber scale; beam divergence in the instrument stretches it by about 1e-4."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GasModel:
    """A gas as the retrieval needs it: absorbance per ppm m on any grid."""

    gas: str
    """Canonical name."""
    wavenumber_cm1: Floats
    """Grid of the absorption record [cm-1], ascending, shape (n,)."""
    absorbance_per_ppm_m: Floats
    """Napierian absorbance per ppm m, shape (n,)."""
    relative_uncertainty: float
    """1 sigma uncertainty of the record's scale; enters the column's uncertainty."""
    quantitative: bool = True
    """False when the record's scale is approximate: the column is an order of magnitude only."""

    def on(self, wavenumber_cm1: Floats) -> Floats:
        """Absorbance per ppm m at given wavenumbers [cm-1]; 0 outside the record."""
        return np.asarray(
            np.interp(wavenumber_cm1, self.wavenumber_cm1, self.absorbance_per_ppm_m, left=0.0, right=0.0)
        )

    def displaced(self, by_cm1: float) -> GasModel:
        """The same pattern at a wrong place."""
        return replace(self, wavenumber_cm1=self.wavenumber_cm1 + by_cm1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A spectral window and its baseline."""

    low_cm1: float
    """Lower end [cm-1]."""
    high_cm1: float
    """Upper end [cm-1]."""
    baseline_order: int = 3
    """Degree of the baseline polynomial."""
    fit_offset: bool = False
    """Whether a zero offset is fitted; only where lines are deep enough to show it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenPathFit:
    """Columns and how well the model explains the window."""

    gases: tuple[str, ...]
    """Gases, in the order of the columns."""
    column_ppm_m: Floats
    """Columns [ppm m at 296 K, 101.325 kPa], shape (gas,)."""
    sigma_ppm_m: Floats
    """1 sigma, from residual and record scale together [ppm m], shape (gas,)."""
    fitted_sigma_ppm_m: Floats
    """1 sigma from the residual alone, which tells whether there is anything [ppm m], shape (gas,)."""
    shift: float
    """Relative error of the instrument's wavenumber scale."""
    path_difference_cm: float
    """Fitted optical path difference [cm]."""
    residual_rms: float
    """Relative root mean square of the unmasked residual."""
    unexplained_share: float
    """Share of points below the model that no supplied gas explains."""
    wavenumber_cm1: Floats
    """Grid of the window [cm-1], shape (n,)."""
    measured: Floats
    """Signal, shape (n,)."""
    modelled: Floats
    """Model, shape (n,)."""
    used: Flags
    """Points that the fit used, shape (n,)."""


@dataclass(frozen=True, slots=True)
class _Problem:
    x: Floats
    y: Floats
    fine: Floats
    absorbance: Floats
    gases: tuple[GasModel, ...]
    window: Window
    nominal_cm: float
    triangular: bool

    def transmittance(self, state: Floats) -> Floats:
        count = len(self.gases)
        # `absorbance` already is on the fine grid; a shift moves where it is read, not the records.
        depth = np.exp(-(state[:count] @ self.absorbance))
        kernel = fourier_line_shape(
            FINE_STEP_CM1, self.nominal_cm * state[count + 1], triangular=self.triangular, half_width_cm1=8.0
        )
        smooth = fftconvolve(depth, kernel, mode="same")
        return np.asarray(np.interp(self.x * (1 - state[count]), self.fine, smooth))

    def design(self, transmittance: Floats) -> Floats:
        middle = 0.5 * (self.window.low_cm1 + self.window.high_cm1)
        u = 2 * (self.x - middle) / (self.window.high_cm1 - self.window.low_cm1)
        columns = [u**k * transmittance for k in range(self.window.baseline_order + 1)]
        return np.stack([*columns, np.ones_like(u)] if self.window.fit_offset else columns, axis=1)

    def misfit(self, state: Floats, used: Flags) -> Floats:
        return np.asarray((self.model(state, used) - self.y)[used])

    def model(self, state: Floats, used: Flags) -> Floats:
        design = self.design(self.transmittance(state))
        solution = np.linalg.lstsq(design[used], self.y[used], rcond=None)[0]
        return np.asarray(design @ solution)


def fit_open_path(spectrum: Spectrum, gases: Sequence[GasModel], window: Window) -> OpenPathFit:
    """Fit the columns of some gases in one window.

    Args:
        spectrum: the single-beam spectrum, self-emission already taken off.
        gases: gases whose lines the model holds.
        window: spectral window.

    Returns:
        Columns with sigma, and how much of the window stays unexplained.

    Raises:
        RefusedError: the window is outside the spectrum, dark, or mostly unexplained; or a gas has no band in it.
    """
    problem = _problem(spectrum, tuple(gases), window)
    count = len(problem.gases)
    used = np.ones(problem.x.size, bool)
    state = np.concatenate([_first_columns(problem), [0.0, 1.0]])
    bounds = (
        np.r_[np.zeros(count), -SHIFT_BOUND, 0.7],
        np.r_[np.full(count, np.inf), SHIFT_BOUND, 1.3],
    )
    scale = np.r_[np.maximum(state[:count], 1.0), 1e-4, 0.1]
    for _ in range(MASK_ROUNDS):
        solution = least_squares(
            problem.misfit,
            state,
            args=(used,),
            bounds=bounds,
            x_scale=scale,
            max_nfev=60,
        )
        state = solution.x
        residual = problem.y - problem.model(state, used)
        # Only residuals above the model are free of unknown absorbers, so the spread is measured on them.
        above = residual[used & (residual > 0)]
        spread = 1.4826 * float(np.median(above)) if above.size else 0.0
        again = residual > -MASK_SIGMA * max(spread, 1e-9 * float(np.abs(problem.y).max()))
        if np.array_equal(again, used):
            break
        used = again
    return _report(problem, state, used, np.asarray(solution.jac))


def pattern_null(
    spectrum: Spectrum,
    gases: Sequence[GasModel],
    window: Window,
    *,
    gas: str,
    displacements_cm1: Sequence[float],
) -> Floats:
    """Columns of one gas fitted with its lines at wrong places, the other gases left where they are.

    Args:
        spectrum: the single-beam spectrum.
        gases: gases of the model.
        window: spectral window.
        gas: the one to displace.
        displacements_cm1: how far [cm-1]; none should bring the pattern back onto itself.

    Returns:
        Columns [ppm m], shape (displacement,). The true column's false-alarm probability is
        (1 + number of these at or above it) / (1 + number of displacements).
    """
    found = []
    for by in displacements_cm1:
        moved = [model.displaced(by) if model.gas == gas else model for model in gases]
        fit = fit_open_path(spectrum, moved, window)
        found.append(fit.column_ppm_m[[model.gas for model in gases].index(gas)])
    return np.array(found)


def _problem(spectrum: Spectrum, gases: tuple[GasModel, ...], window: Window) -> _Problem:
    x, y = spectrum.wavenumber_cm1, spectrum.signal
    inside = (x >= window.low_cm1) & (x <= window.high_cm1)
    name = f"{window.low_cm1:g} to {window.high_cm1:g} cm-1"
    if inside.sum() < 4 * (window.baseline_order + len(gases) + 3):
        raise RefusedError(f"the spectrum has too few points in {name}", where=spectrum.name)
    if float(np.percentile(y[inside], 95)) <= 0.0:
        raise RefusedError(f"no light arrives in {name}", where=spectrum.name)
    fine = np.arange(window.low_cm1 - MARGIN_CM1, window.high_cm1 + MARGIN_CM1, FINE_STEP_CM1)
    absorbance = np.stack([gas.on(fine) for gas in gases])
    for gas, row in zip(gases, absorbance, strict=True):
        if not row.max() > 0.0:
            raise RefusedError(f"{gas.gas} has no band in {name}: it cannot be retrieved here")
    return _Problem(
        x[inside],
        y[inside],
        fine,
        absorbance,
        gases,
        window,
        spectrum.path_difference_cm or 1.0,
        spectrum.triangular,
    )


def _first_columns(problem: _Problem) -> Floats:
    """A start for each gas from a grid over decades, one gas after another."""
    count = len(problem.gases)
    state = np.r_[np.zeros(count), 0.0, 1.0]
    everything = np.ones(problem.x.size, bool)
    for index in range(count):
        strongest = float(problem.absorbance[index].max())
        trials = np.r_[0.0, np.geomspace(1e-3, 30.0, 12) / strongest]
        costs = []
        for trial in trials:
            state[index] = trial
            costs.append(float(np.abs(problem.model(state, everything) - problem.y).sum()))
        state[index] = trials[int(np.argmin(costs))]
    return np.asarray(state[:count])


def _report(problem: _Problem, state: Floats, used: Flags, jacobian: Floats) -> OpenPathFit:
    count = len(problem.gases)
    model = problem.model(state, used)
    residual = (problem.y - model)[used]
    unexplained = 1.0 - float(used.mean())
    if unexplained > MOST_MASKED:
        raise RefusedError(
            f"{unexplained:.0%} of {problem.window.low_cm1:g} to {problem.window.high_cm1:g} cm-1 is absorbed by "
            "gases whose lines are not in the library",
            remedy="add their line lists, or choose another window",
        )
    # Neighbouring residuals are correlated (unmodelled structure, zero filling): count independent points only.
    lag = float(np.corrcoef(residual[:-1], residual[1:])[0, 1])
    independent = max(0.05, (1 - max(lag, 0.0)) / (1 + max(lag, 0.0)))
    freedom = max(1.0, residual.size * independent - state.size - problem.window.baseline_order)
    covariance = np.linalg.pinv(jacobian.T @ jacobian) * float(residual @ residual) / freedom
    scale = np.array([gas.relative_uncertainty for gas in problem.gases])
    fitted = np.sqrt(np.maximum(np.diag(covariance)[:count], 0.0))
    return OpenPathFit(
        gases=tuple(gas.gas for gas in problem.gases),
        column_ppm_m=state[:count],
        sigma_ppm_m=np.hypot(fitted, scale * state[:count]),
        fitted_sigma_ppm_m=fitted,
        shift=float(state[count]),
        path_difference_cm=float(problem.nominal_cm * state[count + 1]),
        residual_rms=float(np.sqrt(np.mean(residual**2)) / np.median(np.abs(problem.y))),
        unexplained_share=unexplained,
        wavenumber_cm1=problem.x,
        measured=problem.y,
        modelled=model,
        used=used,
    )
