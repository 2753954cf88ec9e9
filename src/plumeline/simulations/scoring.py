"""Answers against the sealed truth: what was found, how near, inside which region, how much off, and how surely.

An answer is plain JSON (see `docs/simulations.md`), so that any inference, ours or a peer's, can be scored. A true
source counts as *found* when one reported source, each used once, lies within 50 m of it or holds it in its 90 %
region. Coverage is counted over all pairs of true and reported sources, however far apart, so that a confident answer in
the wrong place counts against it.

References: Wilson 1927 (binomial interval, doi:10.1080/01621459.1927.10502953); EPA 40 CFR 60.5371b (owners within 50 m).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from plumeline.frames import LocalFrame

FOUND_WITHIN_M = 50.0
VISIBLE_SNR = 5.0
"""Least total signal-to-noise ratio of a source that somebody could have seen."""
Z_95 = 1.959963984540054


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One true source and the reported source it was paired with."""

    distance_m: float
    """Between truth and the reported region's centre [m]."""
    is_found: bool
    """Within 50 m or inside the 90 % region."""
    in_50: bool
    """Truth inside the 50 % region."""
    in_90: bool
    """Truth inside the 90 % region."""
    area_50_m2: float
    """Area of the 50 % region [m2]."""
    area_90_m2: float
    """Area of the 90 % region [m2]."""
    rate_ratio: float
    """Reported over true mean rate of the flight, all gases together; NaN if none is shared."""
    rate_in_90: bool
    """True rate inside the reported 90 % interval."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Naming:
    """What an answer says of the one place of a case, beside the truth."""

    kind: str
    """True kind; "nothing" when nothing emits."""
    leading: str
    """Kind with the greatest posterior; "nothing" when no source was reported, "elsewhere" when none of them is it."""
    verdict: str
    """"explained", "refer", "undecided"; empty when there is no assessment."""
    rank: int
    """Place of the true building in the ranking, 1 is first; 0 when it is not listed or nothing was ranked."""
    is_working: bool
    """Whether it emitted on the last visit."""
    state: str
    """Activity as answered: "active", "recent", "cold", "undecided", "unknown"; empty when there is no assessment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseScore:
    """One case, scored."""

    name: str
    """Case."""
    suite: str
    """Suite."""
    true_count: int
    """Sources that emitted during the flight."""
    visible_count: int
    """Those with a total signal-to-noise ratio of at least 5."""
    visible_found: int
    """Visible sources that were found."""
    found: int
    """All sources that were found."""
    reported: int
    """Sources in the answer."""
    pairs: tuple[Pair, ...]
    """True sources paired with reported ones."""
    probability_no_source: float
    """As answered; NaN if the case was refused."""
    false_alarm_probability: float
    """As answered; NaN if the case was refused."""
    seconds: float
    """Processor time of reading and inference [s]."""
    refusal: str = ""
    """Why no answer was given, if so."""
    naming: Naming | None = None
    """What was said of kind, building and activity, where that was asked for."""

    @property
    def false_sources(self) -> int:
        """Reported sources that are no true source."""
        return self.reported - self.found


def score_case(
    suite: str, truth: Mapping[str, Any], answer: Mapping[str, Any], frame: LocalFrame
) -> CaseScore:
    """Score one answer.

    Args:
        suite: the case's suite.
        truth: the opened truth, see `Truth`.
        answer: the answer.
        frame: the truth's local frame.

    Returns:
        The score.

    Raises:
        InputError: the answer lacks what an answer must hold.
    """
    sources = [source for source in truth["sources"] if source["on_share"] > 0]
    try:
        reported = [_reported(entry, frame) for entry in answer["sources"]]
        none, alarm = (
            math.nan if answer[key] is None else float(answer[key])
            for key in ("probability_no_source", "false_alarm_probability")
        )
        seconds, refusal = float(answer["seconds"]), str(answer.get("refusal", ""))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"not an answer: {error!r}", where=str(truth["name"])) from None
    assigned = dict(_assign(sources, reported))
    pairs = {i: _pair(sources[i], reported[j]) for i, j in assigned.items()}
    visible = {i for i, source in enumerate(sources) if source["total_snr"] >= VISIBLE_SNR}
    found = {i for i, pair in pairs.items() if pair.is_found}
    return CaseScore(
        name=str(truth["name"]),
        suite=suite,
        true_count=len(sources),
        visible_count=len(visible),
        visible_found=len(visible & found),
        found=len(found),
        reported=len(reported),
        pairs=tuple(pairs[i] for i in sorted(pairs)),
        probability_no_source=none,
        false_alarm_probability=alarm,
        seconds=seconds,
        refusal=refusal,
        naming=_naming(truth, sources, answer["sources"], {i: assigned[i] for i in found}),
    )


def _naming(
    truth: Mapping[str, Any],
    sources: Sequence[Mapping[str, Any]],
    answers: Sequence[Mapping[str, Any]],
    found: Mapping[int, int],
) -> Naming | None:
    """What was said of a case's one place; None where kinds are not asked for.

    Raises:
        InputError: a source of the answer lacks what is asked for.
    """
    if "is_working" not in truth:
        return None
    place = sources[0] if sources else None
    matched = answers[found[0]] if 0 in found else None
    # Where nothing emits, what is said of the first false source counts.
    said = matched if place is not None else next(iter(answers), None)
    try:
        site = {} if said is None else said["site"]
        return Naming(
            kind="nothing" if place is None else str(place["kind"]),
            leading=str(site["leading"]) if said is not None else "elsewhere" if answers else "nothing",
            verdict=str(site.get("verdict", "")),
            rank=_rank(site.get("buildings", ()), "" if place is None else place["building"]),
            is_working=bool(truth["is_working"]),
            state=str(site.get("state", "")),
        )
    except (KeyError, TypeError) as error:
        raise InputError(f"not an answer: {error!r}", where=str(truth["name"])) from None


def _rank(ranked: Sequence[str], building: str) -> int:
    return 1 + list(ranked).index(building) if building in ranked else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reported:
    """A reported source in the truth's frame."""

    x_m: float
    y_m: float
    region_50: Any
    region_90: Any
    rates: Mapping[str, Sequence[float]] = field(default_factory=dict)


def _reported(entry: Mapping[str, Any], frame: LocalFrame) -> _Reported:
    from shapely import transform  # noqa: PLC0415 (slow to import)
    from shapely.geometry import shape  # noqa: PLC0415

    def local(places: Any) -> Any:
        return np.column_stack(frame.to_local(places[:, 0], places[:, 1]))

    east, north = frame.to_local(entry["lon"], entry["lat"])
    regions = [transform(shape(entry[key]), local) for key in ("region_50", "region_90")]
    return _Reported(
        x_m=float(east),
        y_m=float(north),
        region_50=regions[0],
        region_90=regions[1],
        rates=entry["rate_kg_s"],
    )


def _assign(sources: Sequence[Mapping[str, Any]], reported: Sequence[_Reported]) -> list[tuple[int, int]]:
    """True and reported sources paired so that the sum of distances is least."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415 (slow to import)

    if not sources or not reported:
        return []
    distance = [[math.hypot(s["x_m"] - r.x_m, s["y_m"] - r.y_m) for r in reported] for s in sources]
    rows, columns = linear_sum_assignment(np.array(distance))
    return list(zip(rows.tolist(), columns.tolist(), strict=True))


def _pair(source: Mapping[str, Any], reported: _Reported) -> Pair:
    from shapely import Point  # noqa: PLC0415 (slow to import)

    at = Point(source["x_m"], source["y_m"])
    distance = math.hypot(source["x_m"] - reported.x_m, source["y_m"] - reported.y_m)
    in_90 = bool(reported.region_90.covers(at))
    shared = [name for name in source["rate_kg_s"] if name in reported.rates]
    truth = source["on_share"] * sum(source["rate_kg_s"][name] for name in shared)
    low, middle, high = (sum(reported.rates[name][k] for name in shared) for k in range(3))
    return Pair(
        distance_m=distance,
        is_found=distance <= FOUND_WITHIN_M or in_90,
        in_50=bool(reported.region_50.covers(at)),
        in_90=in_90,
        area_50_m2=float(reported.region_50.area),
        area_90_m2=float(reported.region_90.area),
        rate_ratio=middle / truth if shared else math.nan,
        rate_in_90=bool(shared) and low <= truth <= high,
    )


def wilson(successes: int, trials: int) -> tuple[float, float]:
    """95 % interval of a probability from counts.

    Args:
        successes: how often it happened.
        trials: how often it could have.

    Returns:
        Lower and upper end; 0 and 1 without a trial.
    """
    if trials == 0:
        return 0.0, 1.0
    share = successes / trials
    centre = share + Z_95**2 / (2 * trials)
    half = Z_95 * math.sqrt(share * (1 - share) / trials + Z_95**2 / (4 * trials**2))
    scale = 1 + Z_95**2 / trials
    return (centre - half) / scale, (centre + half) / scale


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often something happened."""

    successes: int
    """Times it happened."""
    trials: int
    """Times it could have."""

    @property
    def share(self) -> float:
        """Successes over trials; NaN without a trial."""
        return self.successes / self.trials if self.trials else math.nan

    @property
    def interval(self) -> tuple[float, float]:
        """95 % interval of the share."""
        return wilson(self.successes, self.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class SuiteScore:
    """A suite's cases taken together."""

    suite: str
    """Suite."""
    cases: int
    """Number of cases."""
    refused: int
    """Cases without an answer."""
    detection: Count
    """Visible sources that were found."""
    detection_all: Count
    """All sources that were found, those nobody could have seen included."""
    false_alarm: Count
    """Cases in which at least one reported source is no true source."""
    cover_50: Count
    """Truth in the 50 % region of its pair."""
    cover_90: Count
    """Truth in the 90 % region of its pair."""
    rate_cover: Count
    """True rate in its 90 % interval."""
    within_two: Count
    """Rate within a factor of two."""
    distances_m: tuple[float, ...]
    """Of found sources, ascending [m]."""
    areas_90_m2: tuple[float, ...]
    """Of the 90 % regions of all pairs, ascending [m2]."""
    rate_ratios: tuple[float, ...]
    """Of found sources, ascending."""
    seconds: tuple[float, ...]
    """Processor time of reading and inference per case, ascending [s]."""
    namings: tuple[Naming, ...] = ()
    """What was said of kind, building and activity; empty where that was not asked for."""


def summarise(suite: str, scores: Sequence[CaseScore]) -> SuiteScore:
    """Take a suite's cases together.

    Args:
        suite: its name.
        scores: its cases.

    Returns:
        Counts and sorted values.
    """
    pairs = [pair for score in scores for pair in score.pairs]
    found = [pair for pair in pairs if pair.is_found]
    ratios = sorted(pair.rate_ratio for pair in found if math.isfinite(pair.rate_ratio))
    return SuiteScore(
        suite=suite,
        cases=len(scores),
        refused=sum(bool(score.refusal) for score in scores),
        detection=Count(
            successes=sum(score.visible_found for score in scores),
            trials=sum(score.visible_count for score in scores),
        ),
        detection_all=Count(
            successes=sum(score.found for score in scores), trials=sum(score.true_count for score in scores)
        ),
        false_alarm=Count(successes=sum(score.false_sources > 0 for score in scores), trials=len(scores)),
        cover_50=Count(successes=sum(pair.in_50 for pair in pairs), trials=len(pairs)),
        cover_90=Count(successes=sum(pair.in_90 for pair in pairs), trials=len(pairs)),
        rate_cover=Count(successes=sum(pair.rate_in_90 for pair in found), trials=len(found)),
        within_two=Count(successes=sum(0.5 <= ratio <= 2.0 for ratio in ratios), trials=len(ratios)),
        distances_m=tuple(sorted(pair.distance_m for pair in found)),
        areas_90_m2=tuple(sorted(pair.area_90_m2 for pair in pairs)),
        rate_ratios=tuple(ratios),
        seconds=tuple(sorted(score.seconds for score in scores)),
        namings=tuple(score.naming for score in scores if score.naming is not None),
    )


def quantile(values: Sequence[float], share: float) -> float:
    """A quantile, NaN of nothing.

    Args:
        values: numbers.
        share: 0 to 1.

    Returns:
        The quantile.
    """
    return float(np.quantile(np.asarray(values, float), share)) if len(values) else math.nan
