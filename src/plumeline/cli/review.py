"""`plumeline review`: score blind, dissent, conclude, reopen, approve again, withdraw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plumeline.cli.desk import at_desk

if TYPE_CHECKING:
    from plumeline.workflows.desk import Desk

ASSESSMENTS = {
    "unexplained": "UNEXPLAINED",
    "explained": "EXPLAINED",
    "nothing": "NOTHING",
    "cannot-tell": "CANNOT_TELL",
}


def _assessment(word: str) -> Any:
    from plumeline.cases.events import Assessment  # noqa: PLC0415

    return Assessment[ASSESSMENTS[word]]


@click.group()
def review() -> None:
    """Review a case: blind first, dissent kept, who concludes does not release."""


@review.command()
@click.argument("case_id")
@click.argument("assessment", type=click.Choice(list(ASSESSMENTS)))
@click.option("--confidence", type=click.FloatRange(0, 1), required=True, help="How sure, 0 to 1.")
@at_desk
def score(desk: Desk, case_id: str, assessment: str, confidence: float) -> None:
    """Score a case before you see the machine's scores."""
    from plumeline.workflows.review import score_blind  # noqa: PLC0415

    score_blind(desk, case_id, _assessment(assessment), confidence)


@review.command()
@click.argument("case_id")
@click.argument("text")
@at_desk
def dissent(desk: Desk, case_id: str, text: str) -> None:
    """Record why you disagree; it travels with every package."""
    from plumeline.workflows.review import dissent as record  # noqa: PLC0415

    record(desk, case_id, text)


@review.command()
@click.argument("case_id")
@click.argument("assessment", type=click.Choice(list(ASSESSMENTS)))
@click.argument("grounds")
@at_desk
def conclude(desk: Desk, case_id: str, assessment: str, grounds: str) -> None:
    """Conclude a case under the rules now in force; you can then not release it."""
    from plumeline.workflows.review import conclude as settle  # noqa: PLC0415

    settle(desk, case_id, _assessment(assessment), grounds)


@review.command()
@click.argument("case_id")
@click.argument("reason")
@at_desk
def reopen(desk: Desk, case_id: str, reason: str) -> None:
    """Take a conclusion up again."""
    from plumeline.workflows.review import reopen as take_up  # noqa: PLC0415

    take_up(desk, case_id, reason)


@review.command()
@click.argument("case_id")
@at_desk
def reapprove(desk: Desk, case_id: str) -> None:
    """Confirm a conclusion after the rules changed."""
    from plumeline.workflows.review import reapprove as confirm  # noqa: PLC0415

    confirm(desk, case_id)


@review.command()
@click.argument("case_id")
@click.argument("reason")
@at_desk
def withdraw(desk: Desk, case_id: str, reason: str) -> None:
    """Withdraw a case of which nothing is out."""
    from plumeline.workflows.review import withdraw as take_back  # noqa: PLC0415

    take_back(desk, case_id, reason)
