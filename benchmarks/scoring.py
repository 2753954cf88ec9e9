"""How an inversion's answer is scored against known sources; used by every benchmark that locates."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from scipy.optimize import linear_sum_assignment

from plumeline.errors import RefusedError
from plumeline.sources import InferenceSettings, infer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from plumeline.observations import Survey
    from plumeline.sources import SourceEstimate


@dataclass(frozen=True, kw_only=True)
class Known:
    """A source that was there."""

    x_m: float
    y_m: float
    rate_kg_s: float


@dataclass(frozen=True, kw_only=True)
class Score:
    """One survey's answer against the truth; per true source, in the order given."""

    case: str
    true: int
    """Number of true sources."""
    reported: int
    """Number of reported sources; 0 too where the inversion refused."""
    error_m: list[float]
    """Distance from each true source to the reported one matched to it; NaN if missed."""
    in_50: list[bool]
    in_90: list[bool]
    area_90_m2: list[float]
    rate_ratio: list[float]
    rate_inside: list[bool]
    """Whether the rate's 90 % interval holds the truth."""
    probability_no_source: float
    false_alarm_probability: float
    log10_bayes_factor: float
    exponent: float
    cpu_s: float
    refused: str = ""

    @property
    def false(self) -> int:
        """Reported sources that match no true one."""
        return self.reported - int(np.isfinite(self.error_m).sum())

    def row(self) -> dict[str, Any]:
        """As a table row."""
        error = self.error_m[0] if self.error_m else float("nan")
        return {
            "case": self.case,
            "true": self.true,
            "reported": self.reported,
            "error_m": round(error, 1),
            "in_50": bool(self.in_50 and self.in_50[0]),
            "in_90": bool(self.in_90 and self.in_90[0]),
            "area_m2": round(self.area_90_m2[0])
            if self.area_90_m2 and np.isfinite(self.area_90_m2[0])
            else "",
            "rate_ratio": round(self.rate_ratio[0], 2) if self.rate_ratio else "",
            "p_none": f"{self.probability_no_source:.2g}",
            "p_false": f"{self.false_alarm_probability:.2g}",
            "exponent": round(self.exponent, 2),
            "cpu_s": round(self.cpu_s, 1),
            "refused": self.refused[:40],
        }


def score(case: str, survey: Survey, known: Sequence[Known], settings: InferenceSettings) -> Score:
    """Run the inversion on one survey and score it; a refusal counts as "nothing reported"."""
    start = time.process_time()
    nothing = [float("nan")] * len(known)
    try:
        report = infer(survey, settings)
    except RefusedError as refusal:
        return Score(
            case=case, true=len(known), reported=0, error_m=nothing, in_50=[False] * len(known), in_90=[False] * len(known),
            area_90_m2=nothing, rate_ratio=nothing, rate_inside=[False] * len(known), probability_no_source=float("nan"),
            false_alarm_probability=float("nan"), log10_bayes_factor=float("nan"), exponent=float("nan"),
            cpu_s=time.process_time() - start, refused=refusal.what,
        )  # fmt: skip
    cpu_s = time.process_time() - start
    matched = _match(report.sources, known)
    answers = [report.sources[i] if i is not None else None for i in matched]
    places = [shapely.Point(one.x_m, one.y_m) for one in known]
    rates = [next(iter(answer.rate_kg_s.values())) if answer else None for answer in answers]
    return Score(
        case=case,
        true=len(known),
        reported=len(report.sources),
        error_m=[
            float(np.hypot(a.x_m - k.x_m, a.y_m - k.y_m)) if a else float("nan")
            for a, k in zip(answers, known, strict=True)
        ],
        in_50=[bool(a and a.region_50.shape.covers(p)) for a, p in zip(answers, places, strict=True)],
        in_90=[bool(a and a.region_90.shape.covers(p)) for a, p in zip(answers, places, strict=True)],
        area_90_m2=[a.region_90.area_m2 if a else float("nan") for a in answers],
        rate_ratio=[r.median / k.rate_kg_s if r else float("nan") for r, k in zip(rates, known, strict=True)],
        rate_inside=[bool(r and r.low <= k.rate_kg_s <= r.high) for r, k in zip(rates, known, strict=True)],
        probability_no_source=report.probability_no_source,
        false_alarm_probability=report.false_alarm_probability,
        log10_bayes_factor=report.log10_bayes_factor,
        exponent=float(report.diagnostics["likelihood_exponent"]),
        cpu_s=cpu_s,
    )


def _match(found: Sequence[SourceEstimate], known: Sequence[Known]) -> list[int | None]:
    """Index of the reported source that belongs to each true one, by least total distance, whatever the distance.

    No gate: a far answer is a bad answer, not a miss and a ghost.
    """
    if not found or not known:
        return [None] * len(known)
    apart = np.array([[np.hypot(f.x_m - k.x_m, f.y_m - k.y_m) for f in found] for k in known])
    rows, columns = linear_sum_assignment(apart)
    chosen = dict(zip(rows.tolist(), columns.tolist(), strict=True))
    return [chosen.get(i) for i in range(len(known))]


def summary(scores: Sequence[Score], prefix: str) -> dict[str, float]:
    """Figures over many surveys; misses count against coverage and rates, and are told apart from errors."""

    def joined(name: str) -> np.ndarray:
        return np.array([value for one in scores for value in getattr(one, name)], float)

    with_source = [one for one in scores if one.true]
    error = joined("error_m")
    found = np.isfinite(error)
    figures = {
        f"{prefix}_surveys": float(len(scores)),
        f"{prefix}_cpu_s_mean": float(np.mean([one.cpu_s for one in scores])),
    }
    if with_source:
        ratio = joined("rate_ratio")
        with np.errstate(invalid="ignore"):
            within = np.abs(np.log(ratio)) <= np.log(2.0)
        figures |= {
            f"{prefix}_found": float(found.mean()),
            f"{prefix}_location_median_m": _quantile(error[found], 0.5),
            f"{prefix}_location_p90_m": _quantile(error[found], 0.9),
            f"{prefix}_region_50_holds": float(joined("in_50")[found].mean())
            if found.any()
            else float("nan"),
            f"{prefix}_region_90_holds": float(joined("in_90")[found].mean())
            if found.any()
            else float("nan"),
            f"{prefix}_region_90_median_m2": _quantile(joined("area_90_m2")[found], 0.5),
            f"{prefix}_rate_within_2": float(within[found].mean()) if found.any() else float("nan"),
            f"{prefix}_rate_90_holds": float(joined("rate_inside")[found].mean())
            if found.any()
            else float("nan"),
            f"{prefix}_false_sources_per_survey": float(np.mean([one.false for one in with_source])),
        }
    empty = [one for one in scores if not one.true]
    if empty:
        figures[f"{prefix}_empty_surveys"] = float(len(empty))
        figures[f"{prefix}_empty_claimed"] = float(np.mean([one.reported > 0 for one in empty]))
    return figures


def _quantile(values: np.ndarray, q: float) -> float:
    return float(np.quantile(values, q)) if values.size else float("nan")
