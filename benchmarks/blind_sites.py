"""Blind sites for the explanations' benchmark, drawn by a model that is not the one that explains them.

Places here have opening hours, batches and habits; their mixtures are Dirichlet with a habit of their own, their rates
Weibull around a typical size, their gases partly ones that no profile lists. Measurement errors are heavy-tailed,
the register misses places, lists wrong ones, and a neighbour's plume can leak into the reading. None of these
distributions is used by `plumeline.facilities`, whose profiles are log-normal and independent by species.
"""

from __future__ import annotations

import math
import tomllib
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline.facilities import Evidence, Height, Mixture, PassSpread, RegisterSearch, Visit, period_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

MONDAY = datetime(2026, 3, 2)  # noqa: DTZ001 (local wall-clock time, as a town lives it)
PTR = (
    "acetone toluene methanol ethanol acetaldehyde benzene m-xylene styrene|ethyl acetate|2-butanone|acetic acid|"
    "methyl methacrylate|ethyl methacrylate|butyl acetate|dimethyl sulfide|methanethiol|hydrogen sulfide|ammonia|"
    "acetonitrile|tetrachloroethylene|dichloromethane|n-hexane|n-heptane|2-propanol|limonene"
)
SENSORS: dict[str, tuple[tuple[str, ...], float, float]] = {
    # name: gases it tells apart, its least rate [g/s], share of flights
    "mass spectrometer": (
        tuple(
            PTR
            .replace("benzene m-xylene styrene", "benzene|m-xylene|styrene")
            .replace(
                "acetone toluene methanol ethanol acetaldehyde",
                "acetone|toluene|methanol|ethanol|acetaldehyde",
            )
            .split("|")
        ),
        0.004,
        0.5,
    ),
    "canister and GC": (
        (
            "acetone",
            "toluene",
            "ethanol",
            "2-propanol",
            "ethyl acetate",
            "2-butanone",
            "butyl acetate",
            "n-butane",
            "isobutane",
            "n-pentane",
            "n-hexane",
            "n-heptane",
            "benzene",
            "m-xylene",
            "o-xylene",
            "ethylbenzene",
            "styrene",
            "tetrachloroethylene",
            "trichloroethylene",
            "dichloromethane",
            "chloroform",
            "n-decane",
            "n-nonane",
            "1,2,4-trimethylbenzene",
            "diethyl ether",
            "tetrahydrofuran",
            "acetonitrile",
            "methyl methacrylate",
        ),
        0.001,
        0.3,
    ),
    "infrared": (
        (
            "ammonia",
            "methanol",
            "ethanol",
            "2-propanol",
            "ethyl acetate",
            "diethyl ether",
            "dichloromethane",
            "chloroform",
            "tetrachloroethylene",
            "acetic acid",
            "butyl acetate",
            "styrene",
            "methane",
            "acetone",
            "phosphine",
        ),
        0.05,
        0.2,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Trade:
    """How one type of place behaves here."""

    tags: tuple[str, ...]
    size_g_s: float
    spread: float
    mix: dict[str, float]
    """Typical share; a negative one is there in half of the places."""
    opens: tuple[int, int]
    days: int
    height_m: tuple[float, float]
    batch: float = 0.6
    """Fraction of its opening hours in which it emits."""
    listed: float = 0.8


def _trades() -> dict[str, Trade]:
    table = tomllib.loads(Path(__file__).with_name("blind_trades.toml").read_text(encoding="utf-8"))
    found = {}
    for name, entry in table.items():
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in entry.items()
        }
        found[name] = Trade(**values)
    return found


TRADES = _trades()
UNLISTED = ("plastics", "coffee_roaster", "fish_meal", "asphalt")
SOLVENTS = (
    "acetone",
    "toluene",
    "methanol",
    "ethanol",
    "2-propanol",
    "diethyl ether",
    "dichloromethane",
    "chloroform",
    "n-hexane",
    "n-heptane",
    "ethyl acetate",
    "2-butanone",
    "acetic acid",
    "tetrahydrofuran",
    "cyclohexane",
    "1-butanol",
    "m-xylene",
    "acetonitrile",
    "ammonia",
)
CLUTTER = (
    "shop=beauty",
    "shop=bakery",
    "shop=dry_cleaning",
    "shop=car_repair",
    "amenity=fuel",
    "highway=primary",
    "craft=carpenter",
    "amenity=school",
    "shop=furniture",
)


@dataclass(frozen=True, kw_only=True)
class Site:
    """One blind site."""

    truth: str
    """Profile name, or "unexplained_solvent_mixture", or "other"."""
    evidence: Evidence
    has_neighbour: bool
    sensor: str


@dataclass(frozen=True, kw_only=True)
class _Place:
    rates_g_s: dict[str, float]
    hours: list[bool]
    """Whether it emits in each hour of a week."""
    swing: float
    height_m: float


def draw_site(rng: np.random.Generator, kind: str) -> Site:
    """Draw one site of a kind ("unexplained_solvent_mixture" or a trade) that at least one visit has seen."""
    while True:
        site = _try_site(rng, kind)
        if site is not None:
            return site


def _try_site(rng: np.random.Generator, kind: str) -> Site | None:
    place = _unexplained(rng) if kind == "unexplained_solvent_mixture" else _trade_place(rng, TRADES[kind])
    neighbour_kind = str(rng.choice([name for name in TRADES if name not in UNLISTED]))
    has_neighbour = bool(rng.random() < 0.3)
    names = list(SENSORS)
    sensor = names[int(rng.choice(len(names), p=[SENSORS[name][2] for name in names]))]
    gases, least, _ = SENSORS[sensor]
    least *= math.exp(rng.normal(0, 0.4))
    leak = _trade_place(rng, TRADES[neighbour_kind]).rates_g_s if has_neighbour and rng.random() < 0.5 else {}
    mixture = _measure(rng, place.rates_g_s, leak, gases, least)
    if mixture is None:
        return None
    visits = _visits(rng, place)
    if not any(visit.is_emitting for visit in visits):
        return None
    tags = set(_listed(rng, kind)) | (
        {TRADES[neighbour_kind].tags[0]} if has_neighbour and rng.random() < 0.9 else set()
    )
    tags |= {tag for tag in CLUTTER if rng.random() < 0.015}
    truth = "other" if kind in UNLISTED else kind
    sigma = float(rng.uniform(1.0, 4.0))
    passes = int(rng.integers(3, 9))
    wobble = math.hypot(place.swing, 0.35) * math.sqrt(rng.chisquare(passes - 1) / (passes - 1))
    evidence = Evidence(
        mixture=mixture,
        visits=visits,
        spread=PassSpread(ln_sigma=wobble, passes=passes, own_sigma=0.3),
        height=Height(median_m=max(place.height_m + sigma * rng.standard_t(5) * 0.9, 0.1), sigma_m=sigma),
        register=RegisterSearch(found=frozenset(tags)) if rng.random() < 0.85 else None,
    )
    return Site(truth=truth, evidence=evidence, has_neighbour=has_neighbour, sensor=sensor)


def _trade_place(rng: np.random.Generator, trade: Trade) -> _Place:
    present = {name: abs(share) for name, share in trade.mix.items() if share > 0 or rng.random() < 0.5}
    if not present:
        first = str(rng.choice(list(trade.mix)))
        present = {first: abs(trade.mix[first])}
    shares = np.array(list(present.values()))
    habit = rng.gamma(np.maximum(12 * np.minimum(shares, 1), 0.6)) / np.maximum(
        12 * np.minimum(shares, 1), 0.6
    )
    size = trade.size_g_s * rng.weibull(1.3) ** trade.spread * 1.1
    start, end = trade.opens
    start, end = start + int(rng.integers(-1, 2)), end + int(rng.integers(-1, 2))
    always = trade.opens == (0, 24)
    hours = [
        (always or (start <= hour < end and day < trade.days)) and rng.random() < trade.batch
        for day in range(7)
        for hour in range(24)
    ]
    rates = dict(zip(present, (float(value) for value in size * shares * habit), strict=True))
    return _Place(
        rates_g_s=rates,
        hours=hours,
        swing=float(rng.uniform(0.1, 0.5) if trade.batch > 0.7 else rng.uniform(0.4, 1.3)),
        height_m=float(rng.uniform(*trade.height_m)),
    )


def _unexplained(rng: np.random.Generator) -> _Place:
    chosen = rng.choice(SOLVENTS, size=int(rng.choice([1, 2, 3, 4], p=[0.1, 0.4, 0.35, 0.15])), replace=False)
    shares = rng.dirichlet(np.full(chosen.size, 1.5))
    size = math.exp(rng.uniform(math.log(0.01), math.log(3.0)))
    hours: list[bool] = []
    while len(hours) < 168:
        hours += [False] * int(rng.integers(4, 40)) + [True] * int(rng.integers(6, 40))
    return _Place(
        rates_g_s={str(name): float(size * share) for name, share in zip(chosen, shares, strict=True)},
        hours=hours[:168],
        swing=float(rng.uniform(0.2, 1.4)),
        height_m=float(rng.uniform(1, 8)),
    )


def _measure(
    rng: np.random.Generator,
    own: dict[str, float],
    leak: dict[str, float],
    gases: tuple[str, ...],
    least_g_s: float,
) -> Mixture | None:
    fraction = rng.uniform(0.05, 0.7)
    names = set(own) | set(leak)
    true = {name: own.get(name, 0.0) + fraction * leak.get(name, 0.0) for name in names}
    common = 0.4 * rng.standard_t(4) / math.sqrt(2)
    seen, limits = {}, {}
    for name in gases:
        limit = least_g_s * math.exp(rng.normal(0, 0.5))
        rate = true.get(name, 0.0) * math.exp(common + 0.2 * rng.standard_t(4))
        if rate > limit:
            seen[name] = rate * 1e-3
        else:
            limits[name] = limit * 1e-3
    if not seen:
        return None
    return Mixture(rate_kg_s=seen, own_sigma=dict.fromkeys(seen, 0.2), common_sigma=0.4, limit_kg_s=limits)


def _visits(rng: np.random.Generator, place: _Place) -> tuple[Visit, ...]:
    hours = rng.choice(168, size=int(rng.integers(1, 6)), replace=False, p=_flying_hours())
    return tuple(
        Visit(
            period=period_of(MONDAY + timedelta(hours=int(hour))),
            is_emitting=bool(place.hours[int(hour)] and rng.random() < 0.85),
            detection_probability=0.9,
        )
        for hour in sorted(hours)
    )


def _flying_hours() -> NDArray[np.float64]:
    weight = np.array([3.0 if 8 <= hour % 24 < 18 else 1.0 for hour in range(168)])
    return np.asarray(weight / weight.sum(), float)


def _listed(rng: np.random.Generator, kind: str) -> tuple[str, ...]:
    trade = TRADES.get(kind)
    if trade is None or not trade.tags or rng.random() > trade.listed:
        return ()
    if rng.random() < 0.05:
        return (str(rng.choice(CLUTTER)),)
    return (str(rng.choice(trade.tags)),)


def draw_sites(seed: int, count: int) -> list[Site]:
    """Half unexplained, half benign of every type in turn."""
    rng = np.random.default_rng(seed)
    benign = list(TRADES)
    return [
        draw_site(rng, "unexplained_solvent_mixture" if index % 2 else benign[(index // 2) % len(benign)])
        for index in range(count)
    ]
