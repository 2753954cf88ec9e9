"""What a result remarks on, in Spanish too: results keep English text, and `remarks.toml` has its other language."""

from __future__ import annotations

import re
import tomllib
from functools import lru_cache
from importlib.resources import files

from plumeline.facilities.phrase import Phrase


def in_both(remark: str) -> str:
    """A remark of a survey or an inversion, with its Spanish if there is one.

    Args:
        remark: English text, as it stands in a result.

    Returns:
        A `Phrase` when it is in the catalogue; the text itself when nobody has translated it.
    """
    if isinstance(remark, Phrase):
        return remark
    spanish = _spanish(remark)
    return remark if spanish is None else Phrase(remark, es=spanish)


def _spanish(text: str) -> str | None:
    for pattern, wanted in _catalogue():
        found = pattern.fullmatch(text)
        if found is None:
            continue
        parts = {
            name: _spanish(part) if name.startswith("_") else part for name, part in found.groupdict().items()
        }
        if None not in parts.values():
            return wanted.format(**parts)
    return None


@lru_cache(maxsize=1)
def _catalogue() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Patterns and the Spanish for them, those that say most first."""
    texts = tomllib.loads(files("plumeline.facilities").joinpath("remarks.toml").read_text(encoding="utf-8"))
    closest = sorted(texts, key=lambda text: (text.startswith("{"), -len(re.sub(r"{\w+}", "", text))))
    return tuple((re.compile(_pattern(text)), texts[text]) for text in closest)


def _pattern(template: str) -> str:
    return "".join(
        f"(?P<{piece[1:-1]}>.+?)" if piece.startswith("{") else re.escape(piece)
        for piece in re.split(r"({\w+})", template)
    )
