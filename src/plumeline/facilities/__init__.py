"""L4: what a located source may be, whose it may be, whether it is active, and whom it concerns.

In: source estimates, footprints, registers, population grids. Out: an `Assessment` of rival explanations (benign
first), ranked buildings with "none of these", activity, neighbours, and a responder sheet. Never a verdict that a
place is of a certain kind: the strongest word is "refer".
"""

from plumeline.facilities.evidence import (
    Evidence,
    Height,
    Mixture,
    PassSpread,
    RegisterSearch,
    Visit,
    period_of,
)
from plumeline.facilities.explanation import (
    Assessment,
    Contribution,
    Explanation,
    Prior,
    Rules,
    Verdict,
    explain,
)
from plumeline.facilities.likelihood import Discrepancy
from plumeline.facilities.profile import Kind, Period, Profile, read_profile, shipped_profiles
from plumeline.facilities.settling import Settling, settle
from plumeline.facilities.verbal import verbal

__all__ = [
    "Assessment",
    "Contribution",
    "Discrepancy",
    "Evidence",
    "Explanation",
    "Height",
    "Kind",
    "Mixture",
    "PassSpread",
    "Period",
    "Prior",
    "Profile",
    "RegisterSearch",
    "Rules",
    "Settling",
    "Verdict",
    "Visit",
    "explain",
    "period_of",
    "read_profile",
    "settle",
    "shipped_profiles",
    "verbal",
]
