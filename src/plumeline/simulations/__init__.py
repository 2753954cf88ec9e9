"""Scenes with known truth, written in the instruments' own formats, by physics that no inference shares.

In: a scenario or a suite's name, and a seed. Out: flight files as the instruments write them, the scene, and the truth
kept apart. The dispersion here (filaments on Langevin paths) has nothing in common with `plumeline.atmosphere`: an
import contract keeps the two apart in both directions.
"""

from plumeline.simulations.blind import TrueSource, Truth, blind_flight, in_situ, truth_of
from plumeline.simulations.emission import Emitter, Schedule
from plumeline.simulations.scene import Anemometer, Flight, Platform, Scene, fly
from plumeline.simulations.sensors import CATALOGUE, Sensor
from plumeline.simulations.suites import SUITES, Suite, draw_scene
from plumeline.simulations.surface_layer import SurfaceLayer

__all__ = [
    "CATALOGUE",
    "SUITES",
    "Anemometer",
    "Emitter",
    "Flight",
    "Platform",
    "Scene",
    "Schedule",
    "Sensor",
    "Suite",
    "SurfaceLayer",
    "TrueSource",
    "Truth",
    "blind_flight",
    "draw_scene",
    "fly",
    "in_situ",
    "truth_of",
]
