"""Scenes that are visited more than once: what the source is, whose it is, and whether it still works.

A suite with several visits puts one place into its town: the unexplained mixture, a business that the register lists,
or nothing. Other businesses stand in the register and let out nothing. The place works on the first visit; on a later
one, a day on and in other wind, it may be silent.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from plumeline.simulations.emission import Schedule
from plumeline.simulations.scene import number_of, stream
from plumeline.simulations.suites import SUITES, draw_scene
from plumeline.simulations.town_plan import settle, trade, trades, working

if TYPE_CHECKING:
    from plumeline.simulations.emission import Emitter
    from plumeline.simulations.scene import Scene
    from plumeline.simulations.towns import Building

UNEXPLAINED = "unexplained_solvent_mixture"
SHARE_UNEXPLAINED, SHARE_NOTHING = 0.45, 0.1
"""Share of the cases that are the unexplained mixture, and of those in which nothing emits."""
STILL_WORKING = 0.7
"""Probability that a place works on a later visit too."""
BYSTANDERS = 5
"""Businesses that the register lists beside the one that emits."""


def draw_visits(suite_name: str, seed: int) -> tuple[tuple[Scene, int], ...]:
    """Draw every flight of a case.

    Args:
        suite_name: one of `SUITES`.
        seed: names the case.

    Returns:
        Scene and seed of each flight, by time; one of most suites.

    Raises:
        ConfigurationError: there is no such suite.
    """
    scene = draw_scene(suite_name, seed)
    suite = SUITES[suite_name]
    if suite.visits == 1:
        return ((scene, seed),)
    rng = stream(seed, "visits")
    houses, emitters = _place(scene.buildings, suite.half_size_m, rng)
    sensors = tuple(replace(scene.sensors[0], species=name) for name in suite.gases)
    flights = []
    for number in range(suite.visits):
        own = seed if number == 0 else number_of(f"visit {number} of {seed}") % 2**62
        works = number == 0 or rng.random() < STILL_WORKING
        hour = int(rng.integers(9, 16))
        flights.append((
            replace(
                scene if number == 0 else draw_scene(suite_name, own),
                name=f"{scene.name}-{number + 1}",
                buildings=houses,
                emitters=emitters if works else (),
                sensors=sensors,
                start_utc=f"2030-01-{15 + number}T{hour:02d}:00:00",
            ),
            own,
        ))
    return tuple(flights)


def _place(
    houses: tuple[Building, ...], reach_m: float, rng: np.random.Generator
) -> tuple[tuple[Building, ...], tuple[Emitter, ...]]:
    """The town with its businesses, and what emits in it."""
    listed = [name for name in trades() if name != UNEXPLAINED]
    houses = settle(houses, {str(name): 1 for name in rng.choice(listed, BYSTANDERS, replace=False)}, rng)
    homes = [
        number
        for number, house in enumerate(houses)
        if house.use == "residential"
        and np.hypot(house.footprint.centroid.x, house.footprint.centroid.y) < reach_m
    ]
    chosen = homes[int(rng.integers(len(homes)))]
    share = rng.random()
    if share < SHARE_NOTHING:
        return houses, ()
    kind = UNEXPLAINED if share < SHARE_NOTHING + SHARE_UNEXPLAINED else str(rng.choice(listed))
    house = replace(houses[chosen], use=kind)
    emitter = working(house, rng, is_sought=kind == UNEXPLAINED)
    total = sum(emitter.rates_kg_s.values())
    mixture = {name: part * total for name, part in trade(kind).mixture(rng).items()}
    return (
        (*houses[:chosen], house, *houses[chosen + 1 :]),
        (replace(emitter, rates_kg_s=mixture, schedule=Schedule()),),
    )
