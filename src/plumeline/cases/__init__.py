"""L5: cases, their review and their rules.

In: a located result with its authority. Out: a `Case`, i.e. findings as regions, blind scores, dissent, a conclusion
under the rules in force, and how long it is kept. A case is the sum of its events.
"""

from plumeline.cases.case import Case, CaseState, fold
from plumeline.cases.events import Assessment, Recorded
from plumeline.cases.findings import Dossier, Finding, MachineScore, Recording, published_region
from plumeline.cases.sections import Bilingual, Candidate, NeighbourHarm, ResponderSheet, Rival, Sections

__all__ = [
    "Assessment",
    "Bilingual",
    "Candidate",
    "Case",
    "CaseState",
    "Dossier",
    "Finding",
    "MachineScore",
    "NeighbourHarm",
    "Recorded",
    "Recording",
    "ResponderSheet",
    "Rival",
    "Sections",
    "fold",
    "published_region",
]
