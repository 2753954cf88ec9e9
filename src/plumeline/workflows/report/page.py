"""Puts the page together: texts, pictures, map data, styles and scripts in one file under a strict content policy."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import tomllib
from importlib import resources
from typing import TYPE_CHECKING, Any

import numpy as np

from plumeline import __version__
from plumeline.observations.products import UNUSABLE
from plumeline.store import locate_document
from plumeline.workflows.report.basemap import countries, user_basemap
from plumeline.workflows.report.mapdata import map_data, view_m
from plumeline.workflows.report.panels import Panel, time_series
from plumeline.workflows.report.posterior import posterior_panels
from plumeline.workflows.report.residuals import residual_panels
from plumeline.workflows.report.sketch import sketch
from plumeline.workflows.report.surroundings import detection_panels, wind_panel

if TYPE_CHECKING:
    from pathlib import Path

    from plumeline.sources import SourceReport
    from plumeline.workflows.truth import Comparison

SITE_REACH_M = 1500.0
"""How far around the survey a user's basemap is kept [m]."""

WIDE_FACTOR = 4.0
"""A rate interval whose ends differ by more than this factor is said to be wide."""

LEAST_CHANCE = 0.001
"""Probabilities nearer to 0 or 1 than this are not told apart."""

SETTLED_BELOW, SETTLED_ABOVE = 0.05, 0.95
UNCERTAIN_WIND = 0.25


def render_report(
    report: SourceReport,
    *,
    basemap: Path | None = None,
    truth: tuple[Comparison, ...] = (),
    language: str = "en",
) -> str:
    """The whole report as one HTML page.

    Args:
        report: what an inversion says.
        basemap: a map of the site, or None.
        truth: known sources beside the answers, for exercises and the demo.
        language: a file of `texts/`.

    Returns:
        The page.

    Raises:
        ConfigurationError: the basemap cannot be used.
        ReadError: the basemap is broken.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 (slow to import)

    words = report_words(language)
    environment = Environment(
        loader=PackageLoader("plumeline.workflows.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["sig"] = significant_text
    environment.filters["chance"] = chance_text
    series, more = time_series(report, words)
    style, script = _style(), _script()
    return environment.get_template("report.html.j2").render(
        t=words,
        doc=locate_document(report),
        version=__version__,
        digest="" if report.provenance is None else report.provenance.digest,
        configuration=_configuration(report),
        verdict=verdict(report, words),
        unknowns=unknowns(report, words),
        truth=truth,
        series=series,
        series_more=more,
        posterior=posterior_panels(report, words),
        residuals=residual_panels(report, words),
        limits=detection_panels(report, words),
        wind=wind_panel(report, words),
        sketch=sketch(report, truth=truth, title=words["section_map"]),
        payload=_payload(report, basemap=basemap, truth=truth, words=words, series=series),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        infinite=math.inf,
    )


def report_words(language: str) -> dict[str, str]:
    """All texts of one language.

    Args:
        language: a file of `texts/`.

    Returns:
        Key to text.
    """
    path = resources.files("plumeline.workflows.report").joinpath(f"texts/{language}.toml")
    return dict(tomllib.loads(path.read_text("utf-8")))


def significant_text(value: float | None, digits: int = 2) -> str:
    """A number with so many significant digits, never in powers of ten where plain digits do.

    Args:
        value: the number; None is "–".
        digits: significant digits.

    Returns:
        Text.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits}g}")
    decimals = digits - 1 - math.floor(math.log10(abs(rounded)))
    return f"{rounded:.{max(decimals, 0)}f}" if abs(decimals) < 8 else f"{rounded:g}"


def chance_text(value: float | None) -> str:
    """A probability: two digits, and nothing beyond what draws can tell.

    Args:
        value: 0 to 1, or None.

    Returns:
        Text, "below 0.001" and "above 0.999" at the ends.
    """
    if value is None or not math.isfinite(value):
        return "–"
    if value < LEAST_CHANCE:
        return f"below {LEAST_CHANCE}"
    return f"above {1 - LEAST_CHANCE}" if value > 1 - LEAST_CHANCE else significant_text(value)


def verdict(report: SourceReport, words: dict[str, str]) -> dict[str, str]:
    """Heading and sentence that say what was found.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        `kind` ("found", "none"), `heading`, `sentence`.
    """
    document = locate_document(report)
    chance = chance_text(1.0 - report.probability_no_source)
    if len(report.sources) == 1:
        radius = significant_text(document["sources"][0]["radius_90_m"])
        sentence = words["found_sentence"].format(probability=chance, radius=radius)
        return {"kind": "found", "heading": words["found_one"], "sentence": sentence}
    if report.sources:
        heading = words["found_many"].format(count=len(report.sources))
        sentence = words["found_sentence_many"].format(probability=chance)
        return {"kind": "found", "heading": heading, "sentence": sentence}
    seen = [row for row in document["minimum_detectable_rate"] if row["least_g_s"] is not None]
    if not seen:
        return {"kind": "none", "heading": words["found_none"], "sentence": words["none_blind_sentence"]}
    sentences = [
        words["none_sentence"].format(
            median=significant_text(row["median_g_s"]),
            least=significant_text(row["least_g_s"]),
            species=row["species"],
        )
        for row in seen
    ]
    return {"kind": "none", "heading": words["found_none"], "sentence": " ".join(sentences)}


def unknowns(report: SourceReport, words: dict[str, str]) -> list[str]:
    """What the reader must not conclude, in sentences.

    Args:
        report: what an inversion says.
        words: the report's texts.

    Returns:
        Sentences, the most particular first.
    """
    said = []
    none = report.probability_no_source
    if SETTLED_BELOW < none < SETTLED_ABOVE:
        said.append(words["unknown_settled"].format(none=significant_text(none)))
    for source in report.sources:
        if source.outside_survey:
            said.append(words["unknown_outside"].format(label=source.label, where=source.outside_survey))
        pieces = len(source.region_90.shape.geoms)
        if pieces > 1:
            said.append(words["unknown_pieces"].format(label=source.label, pieces=pieces))
        for species, rate in source.rate_kg_s.items():
            factor = rate.high / rate.low if rate.low > 0 else math.inf
            if factor > WIDE_FACTOR:
                said.append(
                    words["unknown_rate"].format(
                        species=species, label=source.label, factor=significant_text(factor)
                    )
                )
    for row in locate_document(report)["minimum_detectable_rate"]:
        if row["visible_share"] < SETTLED_ABOVE:
            blind = significant_text(100 * (1 - row["visible_share"]))
            said.append(words["unknown_blind"].format(share=blind, species=row["species"]))
    return [
        *said,
        *_wind_unknown(report, words),
        *_unused(report, words),
        words["unknown_model"],
        words["unknown_origin"],
    ]


def _wind_unknown(report: SourceReport, words: dict[str, str]) -> list[str]:
    shares = []
    for dataset in report.survey.datasets:
        speed = np.hypot(dataset["wind_eastward"].to_numpy(), dataset["wind_northward"].to_numpy())
        shares.append(dataset["wind_sigma"].to_numpy() / np.maximum(speed, 0.1))
    share = np.concatenate(shares)
    share = share[np.isfinite(share)]
    if not share.size or np.median(share) < UNCERTAIN_WIND:
        return []
    return [words["unknown_wind"].format(share=significant_text(100 * float(np.median(share))))]


def _unused(report: SourceReport, words: dict[str, str]) -> list[str]:
    total = report.survey.reading_count
    unused = sum(
        int((dataset["quality"].to_numpy() & int(UNUSABLE) != 0).all(axis=1).sum())
        for dataset in report.survey.datasets
    )
    return [words["unknown_unused"].format(count=unused, total=total)] if unused else []


def _configuration(report: SourceReport) -> str:
    if report.provenance is None:
        return ""
    return json.dumps(
        report.provenance.as_dict()["configuration"],
        indent=1,
        sort_keys=True,
        ensure_ascii=False,
        default=str,
    )


def _payload(
    report: SourceReport,
    *,
    basemap: Path | None,
    truth: tuple[Comparison, ...],
    words: dict[str, str],
    series: list[Panel],
) -> str:
    frame = report.survey.frame
    data: dict[str, Any] = map_data(report)
    data["words"] = {
        key: value
        for key, value in words.items()
        if key.startswith((
            "layer_",
            "popup_",
            "slider",
            "legend_",
            "attribution_",
            "east_m",
            "north_m",
            "time_utc",
            "series_legend_",
        ))
    }
    data["series"] = [panel.data for panel in series]
    data["truth"] = []
    for comparison in truth:
        x_m, y_m = comparison.truth.x_m, comparison.truth.y_m
        lon, lat = frame.to_lonlat(x_m, y_m) if frame.is_placed else (x_m, y_m)
        data["truth"].append({"label": comparison.truth.label, "at": [float(lat), float(lon)]})
    if frame.origin is not None:
        data["countries"] = countries(frame.origin)
    if basemap is not None and frame.is_placed:
        west, south, east, north = view_m(report)
        lon, lat = frame.to_lonlat(
            np.array([west - SITE_REACH_M, east + SITE_REACH_M]),
            np.array([south - SITE_REACH_M, north + SITE_REACH_M]),
        )
        around = (float(lon[0]), float(lat[0]), float(lon[1]), float(lat[1]))
        data["site"] = user_basemap(basemap, around) | {"name": basemap.name}
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")


def _static(name: str) -> str:
    return resources.files("plumeline.workflows.report").joinpath(f"static/{name}").read_text("utf-8")


def _style() -> str:
    leaflet = _static("leaflet/leaflet.css")
    icon = resources.files("plumeline.workflows.report").joinpath("static/leaflet/layers.png").read_bytes()
    layers = f"data:image/png;base64,{base64.b64encode(icon).decode()}"
    for name in ("images/layers.png", "images/layers-2x.png"):
        leaflet = leaflet.replace(f"url({name})", f"url({layers})")
    leaflet = leaflet.replace("url(images/marker-icon.png)", "none").replace(
        "behavior: url(#default#VML);", ""
    )
    return leaflet + "\n" + _static("report.css")


def _script() -> str:
    leaflet = _static("leaflet/leaflet.js").replace("//# sourceMappingURL=leaflet.js.map", "")
    return leaflet + "\n" + _static("map.js") + "\n" + _static("series.js")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
