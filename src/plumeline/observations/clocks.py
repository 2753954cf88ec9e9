"""Clocks of different logs, put on one time.

A clock is corrected as utc = clock - offset - drift * (clock - reference). The offset is declared, or follows from
log records that carry both the clock and satellite time, or is estimated by shifting one log against another until a
quantity that both have measured agrees best. An estimate comes with its standard error, and with a verdict whether its
peak is distinct; one that is not is never applied silently.

References: likelihood of a lag between two correlated series, and the loss of information by autocorrelation: Bartlett
1946, doi:10.2307/2983611; robust line: Theil 1950, Sen 1968, doi:10.1080/01621459.1968.10480934.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy.stats import theilslopes

from plumeline.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Times = NDArray[np.datetime64]

LEAST_CORRELATION = 0.5
"""Two logs that agree less than this at their best lag do not measure the same thing."""

MOST_LAGS = 1000
"""Lags tried either way; a parabola through the peak refines the step between them."""

LEAST_OVERLAP = 20
"""Fewer common steps than this say nothing about a lag."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockOffset:
    """How far a clock runs ahead of UTC, or of another log's clock."""

    offset_s: float
    """Seconds the clock is ahead; subtract to correct."""
    sigma_s: float
    """Standard error of the offset [s]; 0 when declared without one."""
    drift: float = 0.0
    """Seconds gained per second."""
    reference: np.datetime64 | None = None
    """Time at which the offset holds; needed with a drift."""
    method: Literal["declared", "satellite time", "correlation"] = "declared"
    """Where it comes from."""
    correlation: float = float("nan")
    """Correlation at the best lag, for method "correlation"."""
    distinct: bool = True
    """Whether it may be applied: False when no lag stands out."""
    remark: str = ""
    """Why it is not distinct, or what else the user must know."""


def corrected(time: Times, clock: ClockOffset) -> Times:
    """Times of a log on the common clock.

    Args:
        time: times of the log's own clock, any shape.
        clock: how far that clock is ahead.

    Returns:
        Corrected times, same shape, to the nanosecond.
    """
    shift = np.full(time.shape, clock.offset_s)
    if clock.drift and clock.reference is not None:
        shift += clock.drift * ((time - clock.reference) / np.timedelta64(1, "ns") * 1e-9)
    good = np.isfinite(shift)
    return np.asarray(time - np.rint(np.where(good, shift, 0.0) * 1e9).astype("timedelta64[ns]"))


def from_satellite_time(clock: Times, utc: Times) -> ClockOffset:
    """Offset and drift of a clock from records that carry it beside satellite time.

    Args:
        clock: the log's own clock, shape (record,).
        utc: UTC of the same records from the receiver, same shape; NaT where it had none.

    Returns:
        The offset at the middle of the record, its drift and their uncertainty.

    Raises:
        InputError: fewer than three records carry both.
    """
    good = ~(np.isnat(clock) | np.isnat(utc))
    if np.count_nonzero(good) < 3:
        raise InputError(
            "fewer than three records carry satellite time, so the clock's offset is unknown",
            remedy="declare clock_offset_s for this file",
        )
    clock, utc = clock[good], utc[good]
    reference = clock[clock.size // 2]
    elapsed = (clock - reference) / np.timedelta64(1, "ns") * 1e-9
    ahead = (clock - utc) / np.timedelta64(1, "ns") * 1e-9
    thin = slice(None, None, max(1, clock.size // 500))
    drift = float(theilslopes(ahead[thin], elapsed[thin])[0]) if np.ptp(elapsed) > 0 else 0.0
    rest = ahead - drift * elapsed
    offset = float(np.median(rest))
    scatter = float(1.4826 * np.median(np.abs(rest - offset)))
    return ClockOffset(
        offset_s=offset,
        sigma_s=1.2533 * scatter / np.sqrt(rest.size),
        drift=drift,
        reference=reference,
        method="satellite time",
    )


def by_correlation(
    time_s: Floats,
    values: Floats,
    reference_time_s: Floats,
    reference_values: Floats,
    *,
    search_s: float = 120.0,
    either_sign: bool = False,
) -> ClockOffset:
    """How far one log trails another, from a quantity that both measured.

    For every lag L the log is regressed on the reference, y(t + L) = a + b x(t). With r(L) the correlation and n the
    number of independent samples in the residual, the log likelihood of L is -n/2 log(1 - r^2). The standard error is
    half of the width of the 68 % interval of that likelihood; the peak is distinct when its 95 % interval is one
    piece inside the search range and less than half of it, and r is at least 0.5.

    Two different sensors may trail each other through their responses as well as through their clocks: the result is
    the sum.

    Args:
        time_s: times of the log on its own clock [s], increasing, shape (n,).
        values: what it measured, any unit, same shape; NaN are bridged.
        reference_time_s: times of the reference log [s], increasing, shape (m,).
        reference_values: what that measured, any unit, same shape.
        search_s: largest lag considered, either way [s].
        either_sign: whether the two may be anti-correlated (height and pressure).

    Returns:
        The offset; positive when the log trails the reference (its events come later on its clock).

    Raises:
        InputError: the two logs overlap in too little time.
    """
    step = max(
        float(np.median(np.diff(time_s))), float(np.median(np.diff(reference_time_s))), search_s / MOST_LAGS
    )
    start = min(time_s[0], reference_time_s[0])
    grid = np.arange(start, max(time_s[-1], reference_time_s[-1]) + step, step)
    y, x = _on_grid(grid, time_s, values), _on_grid(grid, reference_time_s, reference_values)
    reach = min(int(np.ceil(search_s / step)), grid.size - 1)
    lags = np.arange(-reach, reach + 1)
    pairs = [_paired(x, y, int(lag)) for lag in lags]
    if max(a.size for a, _ in pairs) < LEAST_OVERLAP:
        raise InputError(
            "two logs overlap in too little time to compare their clocks", remedy="declare clock_offset_s"
        )
    r = np.array([_correlation(a, b) for a, b in pairs])
    score = np.abs(r) if either_sign else r
    best = int(np.argmax(score))
    likelihood = _log_likelihood(score, pairs[best], best)
    inside = likelihood > -2.0  # 95 %: 1.92 is half of the chi-square quantile; 2 allows for the grid
    pieces = np.count_nonzero(np.diff(np.concatenate([[0], inside.astype(int)])) == 1)
    remark = _verdict(
        score[best], pieces=int(pieces), width=float(inside.mean()), edge=best in {0, lags.size - 1}
    )
    return ClockOffset(
        offset_s=_peak(lags, score, best) * step,
        sigma_s=float(np.hypot(0.5 * np.count_nonzero(likelihood > -0.5) * step, step / np.sqrt(12.0))),
        method="correlation",
        correlation=float(r[best]),
        distinct=not remark,
        remark=remark,
    )


def with_drift(offsets: list[tuple[np.datetime64, ClockOffset]]) -> ClockOffset:
    """Offset and drift from offsets estimated in parts of a recording, weighted by their errors.

    Args:
        offsets: middle time and offset of each part; those that are not distinct do not count.

    Returns:
        One offset with its drift, or the only distinct one without.

    Raises:
        InputError: no part has a distinct offset.
    """
    good = [(time, clock) for time, clock in offsets if clock.distinct]
    if not good:
        raise InputError(
            "no part of the recording shows a distinct clock offset", remedy="declare clock_offset_s"
        )
    if len(good) == 1:
        return good[0][1]
    reference = good[len(good) // 2][0]
    t = np.array([(time - reference) / np.timedelta64(1, "ns") * 1e-9 for time, _ in good])
    value = np.array([clock.offset_s for _, clock in good])
    sigma = np.array([max(clock.sigma_s, 1e-3) for _, clock in good])
    design = np.stack([np.ones(t.size), t], axis=1) / sigma[:, None]
    covariance = np.linalg.inv(design.T @ design)
    offset, drift = covariance @ design.T @ (value / sigma)
    if abs(drift) < 2.0 * np.sqrt(covariance[1, 1]):
        offset, drift = float(np.average(value, weights=sigma**-2)), 0.0
    return ClockOffset(
        offset_s=float(offset),
        sigma_s=float(np.sqrt(covariance[0, 0])),
        drift=float(drift),
        reference=reference,
        method="correlation",
        correlation=float(np.median([clock.correlation for _, clock in good])),
    )


def _on_grid(grid: Floats, time_s: Floats, values: Floats) -> Floats:
    good = np.isfinite(values) & np.isfinite(time_s)
    return np.asarray(np.interp(grid, time_s[good], values[good], left=np.nan, right=np.nan), float)


def _paired(x: Floats, y: Floats, lag: int) -> tuple[Floats, Floats]:
    a = x[: x.size - lag] if lag >= 0 else x[-lag:]
    b = y[lag:] if lag >= 0 else y[: y.size + lag]
    both = np.isfinite(a) & np.isfinite(b)
    return a[both], b[both]


def _correlation(a: Floats, b: Floats) -> float:
    if a.size < LEAST_OVERLAP:
        return 0.0
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a @ a) * (b @ b)))
    return float(a @ b) / scale if scale > 0 else 0.0


def _log_likelihood(score: Floats, pair: tuple[Floats, Floats], best: int) -> Floats:
    """Log likelihood of every lag relative to the best, with the sample size corrected for autocorrelation."""
    a, b = pair
    slope = np.polyfit(a, b, 1)
    residual = b - np.polyval(slope, a)
    independent = residual.size / _correlation_length(residual)
    level = np.log(np.maximum(1.0 - np.minimum(np.maximum(score, 0.0), 1 - 1e-12) ** 2, 1e-12))
    return np.asarray(-0.5 * independent * (level - level[best]), float)


def _correlation_length(residual: Floats) -> float:
    """Samples per independent sample: 1 + 2 sum of the autocorrelation up to its first zero (Bartlett 1946)."""
    centred = residual - residual.mean()
    full = np.fft.irfft(np.abs(np.fft.rfft(centred, 2 * centred.size)) ** 2)[: centred.size]
    if full[0] <= 0:
        return float(residual.size)
    rho = full / full[0]
    negative = np.flatnonzero(rho <= 0)
    end = int(negative[0]) if negative.size else rho.size
    return float(max(1.0, 1.0 + 2.0 * rho[1:end].sum()))


def _peak(lags: NDArray[np.int64], score: Floats, best: int) -> float:
    """Lag of the peak in steps, refined by a parabola through its neighbours."""
    if best in {0, lags.size - 1}:
        return float(lags[best])
    left, middle, right = score[best - 1 : best + 2]
    curvature = left - 2.0 * middle + right
    return float(lags[best]) + (0.5 * float(left - right) / float(curvature) if curvature < 0 else 0.0)


def _verdict(score: float, *, pieces: int, width: float, edge: bool) -> str:
    if score < LEAST_CORRELATION:
        return f"the two logs agree too little at any lag (correlation {score:.2f})"
    if edge:
        return "they agree best at the end of the search range"
    if pieces > 1:
        return "they agree about as well at several lags"
    if width > 0.5:
        return "they agree about as well over more than half of the search range"
    return ""
