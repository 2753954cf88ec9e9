"""Blind exercises: make one, take in an answer, score it, and show what was missed.

In: a scenario, a seed, a language; later an answer. Out: a marked folder, points, and a debrief page.
"""

from plumeline.workflows.exercise.debrief import debrief
from plumeline.workflows.exercise.pages import words
from plumeline.workflows.exercise.running import hand_in, new, score

__all__ = ["debrief", "hand_in", "new", "score", "words"]
