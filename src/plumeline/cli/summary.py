"""A result in a few lines for the terminal; numbers come from the published document."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from plumeline.workflows.report.page import chance_text
from plumeline.workflows.report.page import significant_text as sig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.workflows.locate import LocateResult
    from plumeline.workflows.truth import Comparison

WIDTH = 26


def summary_lines(result: LocateResult) -> list[str]:
    """What was found, how surely, what could have been seen, what to beware of, and the files.

    Args:
        result: the result.

    Returns:
        Lines.
    """
    document = result.document
    lines = ["", click.style(_heading(document), bold=True)]
    for source in document["sources"]:
        lines += _source_lines(source, alone=len(document["sources"]) == 1)
    lines += ["", *_evidence_lines(document)]
    if result.comparisons:
        lines += ["", click.style("known truth", bold=True)]
        lines += [line for comparison in result.comparisons for line in _truth_lines(comparison)]
    for title, key, mark in (("read this first", "warnings", "!"), ("assumed and corrected", "remarks", "·")):
        if document[key]:
            lines += ["", click.style(title, bold=True), *(f"  {mark} {line}" for line in document[key])]
    if result.folder is not None:
        lines += ["", click.style(f"files in {result.folder}", bold=True)]
        lines += [f"  {name}" for name in result.files if not name.startswith("styles")]
        lines += ["", f"open {result.folder / 'report.html'} in a browser"]
    return lines


def _heading(document: Mapping[str, Any]) -> str:
    count = len(document["sources"])
    if not count:
        return "nothing found"
    return "one source found" if count == 1 else f"{count} sources found"


def _row(name: str, text: str) -> str:
    return f"  {name:<{WIDTH - 1}} {text}"


def _source_lines(source: Mapping[str, Any], *, alone: bool) -> list[str]:
    centre = source["region_centre"]
    local = f"{centre['x_m']:g} m east, {centre['y_m']:g} m north"
    if centre["lon_deg"] is not None:
        local += f"  (lon {centre['lon_deg']}, lat {centre['lat_deg']})"
    head = [] if alone else [f"  {source['label']} with probability {chance_text(source['probability'])}"]
    rows = [
        *head,
        _row("where", local),
        _row(
            "", f"within {sig(source['radius_90_m'])} m; 90 % region {sig(source['region_90']['area_m2'])} m²"
        ),
    ]
    if source["on_share"]["median"] < 1.0:
        share = source["on_share"]
        rows.append(
            _row(
                "on",
                f"{share['median']:.0%} of the survey  (90 %: {share['low']:.0%} to {share['high']:.0%})",
            )
        )
    rows += [
        _row(
            f"flight {flight['name']}"[: WIDTH - 1],
            f"evidence {sig(flight['evidence_nats'])} nats alone, on for {flight['on_share']:.0%} of it",
        )
        for flight in source["flights"]
    ]
    if source["outside_survey"]:
        rows.append(_row("", source["outside_survey"]))
    rows += [
        _row(
            f"rate, {rate['species']}",
            f"{sig(rate['median_g_s'])} g/s  (90 %: {sig(rate['low_g_s'])} to {sig(rate['high_g_s'])})",
        )
        for rate in source["rates"]
    ]
    rows += [
        _row(
            f"share, {share['species']}",
            f"{share['median']:.0%} of the mass  (90 %: {share['low']:.0%} to {share['high']:.0%})",
        )
        for share in source["mixture"]
    ]
    return rows


def _evidence_lines(document: Mapping[str, Any]) -> list[str]:
    chances = document["source_count_probability"]
    counts = ", ".join(
        f"{number}: {sig(chance)}" for number, chance in enumerate(chances) if chance and chance >= 0.005
    )
    rows = [
        _row("probability of no source", chance_text(document["probability_no_source"])),
        _row("false-alarm probability", chance_text(document["false_alarm_probability"])),
        _row("number of sources", counts),
    ]
    for limit in document["minimum_detectable_rate"]:
        if limit["least_g_s"] is None:
            text = "nothing, at any rate"
        else:
            text = (
                f"{sig(limit['median_g_s'])} g/s in half of the visible area, {sig(limit['least_g_s'])} g/s at best; "
                f"{sig(100 * limit['visible_share'])} % of the area is visible"
            )
        rows.append(_row(f"would have seen, {limit['species']}"[: WIDTH - 1], text))
    return rows


def _truth_lines(comparison: Comparison) -> list[str]:
    if comparison.answer is None:
        return [_row(comparison.truth.label, "not found")]
    inside = (
        "inside the 50 % region"
        if comparison.inside_50
        else "inside the 90 % region"
        if comparison.inside_90
        else "outside the 90 % region"
    )
    ratios = ", ".join(f"{name} found/true {sig(ratio)}" for name, ratio in comparison.rate_ratio.items())
    return [
        _row(comparison.truth.label, f"{sig(comparison.distance_m)} m from the centre, {inside}; {ratios}")
    ]
