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
@click.argument("assessment", type=click.Choice(list(ASSESSMENTS)))
@click.argument("grounds")
@at_desk
def conclude(desk: Desk, case_id: str, assessment: str, grounds: str) -> None:
    """Conclude a case under the rules now in force; you can then not release it."""
    from plumeline.workflows.review import conclude as settle  # noqa: PLC0415

    settle(desk, case_id, _assessment(assessment), grounds)


def _on_a_case(verb: str, help_text: str, *words: str) -> None:
    """Add the command of a workflow of the same name that takes a case and free texts."""

    @review.command(verb, help=help_text)
    @click.argument("case_id")
    @at_desk
    def command(desk: Desk, case_id: str, **given: str) -> None:
        from plumeline.workflows import review as workflows  # noqa: PLC0415

        getattr(workflows, verb)(desk, case_id, *(given[word] for word in words))

    command.params[1:1] = [click.Argument([word]) for word in words]


_on_a_case("dissent", "Record why you disagree; it travels with every package.", "text")
_on_a_case("reopen", "Take a conclusion up again.", "reason")
_on_a_case("reapprove", "Confirm a conclusion after the rules changed.")
_on_a_case("withdraw", "Withdraw a case of which nothing is out.", "reason")
