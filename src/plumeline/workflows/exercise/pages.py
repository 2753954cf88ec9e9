"""The exercise's pages in both languages; every page carries the mark at its top and foot."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Any

from plumeline.simulations.town_plan import trades


@cache
def words(language: str) -> dict[str, Any]:
    """Texts of one language.

    Args:
        language: "en" or "es".

    Returns:
        Text by key.
    """
    text = files("plumeline.workflows.exercise").joinpath("texts.toml").read_text(encoding="utf-8")
    found: dict[str, Any] = tomllib.loads(text)[language]
    return found


def kind_title(kind: str, language: str) -> str:
    """A kind of source in words.

    Args:
        kind: as the scenario names it.
        language: "en" or "es".

    Returns:
        Its title; the name itself when it is a scenario's own.
    """
    return trades()[kind].title[language] if kind in trades() else kind


def render(language: str, **content: Any) -> str:
    """Fill the page.

    Args:
        language: "en" or "es".
        content: what the page shows; what is not given is not shown.

    Returns:
        HTML.
    """
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415 (slow to import)

    environment = Environment(
        loader=PackageLoader("plumeline.workflows.exercise"), autoescape=True, undefined=StrictUndefined
    )
    empty: dict[str, Any] = {
        "briefing": False, "kinds": [], "injects": [], "parts": [], "points": "", "map": "", "sources": [],
    }  # fmt: skip
    return environment.get_template("page.html.j2").render(
        empty | content | {"language": language, "words": words(language)}
    )
