"""After the hand-over: the clock, the recipient's answers, error claims, re-survey, and what outcomes teach.

In: a sealed package that went out, and signed answer files that come back. Out: what is due, response rates by
distinct source, the re-survey that closes a case, and a reliability table per score band and sensor.
"""

from plumeline.outcomes.clock import ClockLine, ResponseRate, clock_line, response_rate
from plumeline.outcomes.events import Answer, AnswerKind, OutcomeKind, Urgency
from plumeline.outcomes.handover import Handover, HandoverState, fold_handover
from plumeline.outcomes.learning import BandCount, reliability
from plumeline.outcomes.resurvey import judge, require_closable

__all__ = [
    "Answer",
    "AnswerKind",
    "BandCount",
    "ClockLine",
    "Handover",
    "HandoverState",
    "OutcomeKind",
    "ResponseRate",
    "Urgency",
    "clock_line",
    "fold_handover",
    "judge",
    "reliability",
    "require_closable",
    "response_rate",
]
