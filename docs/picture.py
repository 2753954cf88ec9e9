"""Draws the README's picture from the demo flight: `./run python docs/picture.py`."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path

from plumeline.workflows.demo import demo_request, demo_truth
from plumeline.workflows.locate import infer_request
from plumeline.workflows.report.sketch import sketch
from plumeline.workflows.truth import compare

TARGET = Path(__file__).parent / "images" / "demo.svg"


def picture() -> str:
    """The demo's map as an SVG that carries its own style."""
    report = infer_request(demo_request(output=None, seed=1, force=False), lambda _share, _text: None)
    svg = sketch(report, truth=compare(report, demo_truth(report.survey.frame)), title="Demo flight")
    style = resources.files("plumeline.workflows.report").joinpath("static/report.css").read_text("utf-8")
    used = set(re.findall(r'class="([^"]+)"', svg)) | {"label", "tick"}
    names = {name for group in used for name in group.split()}
    rules = [
        rule
        for rule in re.findall(r"^\.[^{}@]+\{[^{}]*\}.*$", style, re.MULTILINE)
        if names & set(re.findall(r"\.([\w-]+)", rule.split("{")[0]))
    ]
    plain = "svg{background:#fff;font-family:sans-serif}" + "".join(rules)
    return re.sub(r"(<svg[^>]*>)", rf"\1<style>{plain}</style>", svg, count=1) + "\n"


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    TARGET.write_text(picture(), encoding="utf-8")
