"""Who may do what to which record, under which authority, and the log of what was done.

In: actors, markings, authority records, flown tracks. Out: decisions of one set of Cedar policies, the samples that
an authority permits, signed documents, and audit entries with their proofs.
"""

from plumeline.access.actors import Actor, Caveat, Marking, Organisation, Role, Tlp
from plumeline.access.authority import Authority, Border, Mode, ResidentialRule, Senses, Sensor
from plumeline.access.fences import FenceReport, Jurisdiction, Track, jurisdiction_of, replay
from plumeline.access.guard import Guard, HiddenError, Kind, Resource, Verb, resource_of

__all__ = [
    "Actor",
    "Authority",
    "Border",
    "Caveat",
    "FenceReport",
    "Guard",
    "HiddenError",
    "Jurisdiction",
    "Kind",
    "Marking",
    "Mode",
    "Organisation",
    "ResidentialRule",
    "Resource",
    "Role",
    "Senses",
    "Sensor",
    "Tlp",
    "Track",
    "Verb",
    "jurisdiction_of",
    "replay",
    "resource_of",
]
