"""Writes the stored blind run into docs/simulations.md: `python -m benchmarks.blind_docs`; a test holds the page to it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import RESULTS
from plumeline.simulations.naming import ANSWERS, TRUTHS
from plumeline.simulations.scoring import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

STORED = RESULTS / "blind.json"
PAGE = Path(__file__).parents[1] / "docs" / "simulations.md"
BEGIN, END = "<!-- blind: written by python -m benchmarks.blind_docs -->", "<!-- blind: end -->"
NOT_RUN = """**The suites have not been run at size yet**, and no confusion matrix is published here before they are. As last measured a case takes
about 6.4 s of processor time, a tenth of it for the simulation: 52 to 55 min per 1,000 cases on two cores; the aim is 30 min and is missed."""
NAMED = (
    "unexplained referred",
    "business referred",
    "leading kind right",
    "building first",
    "building in first three",
    "activity answered",
    "activity right when answered",
)


def section(record: Mapping[str, Any] | None) -> str:
    """What the page says of the last stored run; of none when there is none."""
    if record is None:
        return NOT_RUN
    figures = record["figures"]
    head = list(record["table"][0])
    minutes, wanted = figures["minutes_per_1000_cases"], 30.0
    lines = [
        f"{figures['cases']:.0f} cases, seeds from {record['seeds'][0]:,}, code at {record['commit']}; shares with 95 % intervals (Wilson).",
        "",
        _row(head),
        _row(["---"] * len(head)),
        *(_row([str(row[column]) for column in head]) for row in record["table"]),
        "",
        (
            f"Regions of all suites together hold the truth in {100 * figures['all_cover_50']:.0f} % (50 % regions) and "
            f"{100 * figures['all_cover_90']:.0f} % (90 % regions) of pairs. A case takes {figures['cpu_s_per_case']:.1f} s of processor time, "
            f"{figures['simulation_cpu_s_per_case']:.1f} s of it for the simulation: {minutes:.0f} min per 1,000 cases on two cores; "
            f"the aim is {wanted:.0f} min and is {'met' if minutes <= wanted else 'missed'}."
        ),
    ]
    if "identification_cases" in figures:
        lines += ["", *_confusion(figures)]
    return "\n".join(lines)


def _confusion(figures: Mapping[str, float]) -> list[str]:
    """The confusion matrix and the shares beside it."""
    lines = [
        "What the places of `identification` are, and what was said of them (share of the row):",
        "",
        _row(["truth", *ANSWERS]),
        _row(["---"] * (1 + len(ANSWERS))),
    ]
    lines += [
        _row([truth, *(_share(figures, f"identification_confusion_{truth}_{answer}") for answer in ANSWERS)])
        for truth in TRUTHS
    ]
    named = [(what, _share(figures, f"identification_{what.replace(' ', '_')}")) for what in NAMED]
    return [*lines, "", "; ".join(f"{what} {share}" for what, share in named) + "."]


def _share(figures: Mapping[str, float], name: str) -> str:
    trials = round(figures[f"{name}_of"])
    if not trials:
        return "–"
    successes = round(figures[name] * trials)
    low, high = wilson(successes, trials)
    return f"{successes} of {trials} ({100 * low:.0f}–{100 * high:.0f} %)"


def _row(texts: list[str]) -> str:
    return "| " + " | ".join(texts) + " |"


def stored() -> dict[str, Any] | None:
    """The stored run, if there is one."""
    if not STORED.exists():
        return None
    record: dict[str, Any] = json.loads(STORED.read_text(encoding="utf-8"))
    return record


def written(page: str, record: Mapping[str, Any] | None) -> str:
    """The page with its section as the record has it."""
    before, _, rest = page.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n{section(record)}\n{END}{after}"


if __name__ == "__main__":
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"), stored()), encoding="utf-8")
