"""What was said of kind, building and activity, counted: the confusion matrix and its shares."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from plumeline.simulations.scoring import Count
from plumeline.simulations.visits import UNEXPLAINED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from plumeline.simulations.scoring import Naming

TRUTHS = ("unexplained", "business", "nothing")
ANSWERS = ("refer", "explained, right kind", "explained, wrong kind", "undecided", "not located")
"""What an answer comes to, in the order of the matrix's columns."""


def truth_of_place(naming: Naming) -> str:
    """Row of the confusion matrix.

    Args:
        naming: one case.

    Returns:
        One of `TRUTHS`.
    """
    return {UNEXPLAINED: "unexplained", "nothing": "nothing"}.get(naming.kind, "business")


def answer_to(naming: Naming) -> str:
    """Column of the confusion matrix.

    Args:
        naming: one case.

    Returns:
        One of `ANSWERS`.
    """
    if not naming.verdict:
        return "not located"
    if naming.verdict != "explained":
        return naming.verdict
    return f"explained, {'right' if naming.leading == naming.kind else 'wrong'} kind"


def confusion(namings: Sequence[Naming]) -> dict[str, dict[str, Count]]:
    """The confusion matrix.

    Args:
        namings: the cases.

    Returns:
        Truth to answer to how often, of that truth's cases.
    """
    counts = Counter((truth_of_place(one), answer_to(one)) for one in namings)
    return {
        truth: {
            answer: Count(
                successes=counts[truth, answer], trials=sum(counts[truth, other] for other in ANSWERS)
            )
            for answer in ANSWERS
        }
        for truth in TRUTHS
    }


def kinds(namings: Sequence[Naming]) -> list[tuple[str, str, int]]:
    """Every pair of true and leading kind.

    Args:
        namings: the cases.

    Returns:
        True kind, leading kind, how often; by name.
    """
    return [
        (truth, said, count)
        for (truth, said), count in sorted(Counter((one.kind, one.leading) for one in namings).items())
    ]


def shares(namings: Sequence[Naming]) -> dict[str, Count]:
    """How often kind, building and activity were right.

    Args:
        namings: the cases.

    Returns:
        What, and how often of how many.
    """
    located = [one for one in namings if one.verdict and one.kind != "nothing"]
    business = [one for one in namings if truth_of_place(one) == "business"]
    unexplained = [one for one in namings if truth_of_place(one) == "unexplained"]
    stated = [one for one in located if one.state in {"active", "recent", "cold"}]
    return {
        "unexplained referred": _count(one.verdict == "refer" for one in unexplained),
        "business referred": _count(one.verdict == "refer" for one in business),
        "leading kind right": _count(one.leading == one.kind for one in located),
        "building first": _count(one.rank == 1 for one in located),
        "building in first three": _count(1 <= one.rank <= 3 for one in located),
        "activity answered": Count(successes=len(stated), trials=len(located)),
        "activity right when answered": _count((one.state == "active") == one.is_working for one in stated),
    }


def _count(happened: Iterable[bool]) -> Count:
    values = list(happened)
    return Count(successes=sum(values), trials=len(values))
