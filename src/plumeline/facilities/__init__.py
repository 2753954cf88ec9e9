"""L4: what a located source may be, whose it may be, whether it is active, and whom it concerns.

In: source estimates, footprints, registers, population grids. Out: an `Assessment` of rival explanations (benign
first), ranked buildings with "none of these", activity, neighbours, and a responder sheet. Never a verdict that a
place is of a certain kind: the strongest word is "refer".
"""

from plumeline.facilities.activity import Activity, Look, State, assess_activity
from plumeline.facilities.buildings import BuildingCandidate, BuildingRanking, VentModel, rank_buildings
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
from plumeline.facilities.footprints import Building, Footprints, read_footprints, unknown_footprints
from plumeline.facilities.hazard import Room, Weather
from plumeline.facilities.likelihood import Discrepancy
from plumeline.facilities.neighbours import Neighbours, PeopleCount, Receptor, survey_neighbours
from plumeline.facilities.phrase import Language, Phrase, spoken, whole
from plumeline.facilities.profile import Kind, Period, Profile, read_profile, shipped_profiles
from plumeline.facilities.register import Register, RegisteredPlace, read_register, search_register
from plumeline.facilities.remarks import in_both
from plumeline.facilities.responder import Responder, WindNow, sheet_facts, sheet_html, sheet_pdf
from plumeline.facilities.settling import Settling, settle
from plumeline.facilities.verbal import verbal

__all__ = [
    "Activity",
    "Assessment",
    "Building",
    "BuildingCandidate",
    "BuildingRanking",
    "Contribution",
    "Discrepancy",
    "Evidence",
    "Explanation",
    "Footprints",
    "Height",
    "Kind",
    "Language",
    "Look",
    "Mixture",
    "Neighbours",
    "PassSpread",
    "PeopleCount",
    "Period",
    "Phrase",
    "Prior",
    "Profile",
    "Receptor",
    "Register",
    "RegisterSearch",
    "RegisteredPlace",
    "Responder",
    "Room",
    "Rules",
    "Settling",
    "State",
    "VentModel",
    "Verdict",
    "Visit",
    "Weather",
    "WindNow",
    "assess_activity",
    "explain",
    "in_both",
    "period_of",
    "rank_buildings",
    "read_footprints",
    "read_profile",
    "read_register",
    "search_register",
    "settle",
    "sheet_facts",
    "sheet_html",
    "sheet_pdf",
    "shipped_profiles",
    "spoken",
    "survey_neighbours",
    "unknown_footprints",
    "verbal",
    "whole",
]
