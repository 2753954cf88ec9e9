"""Words in the recipient's language, from one file."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from enum import Enum

    from plumeline.cases import Bilingual

LANGUAGES = ("en", "es")


@lru_cache(maxsize=1)
def catalogue() -> tuple[dict[str, dict[str, str]], dict[str, dict[str, str]]]:
    """Words by key, and words by enumeration value."""
    plain = tomllib.loads(files("plumeline.packages").joinpath("texts.toml").read_text(encoding="utf-8"))
    values = plain.pop("enum")
    return plain, values


class Words:
    """The words of one language.

    Args:
        language: en or es.
    """

    def __init__(self, language: str) -> None:
        self.language = language
        self._words, self._values = catalogue()

    def __call__(self, key: str, **parts: str) -> str:
        """The word for a key."""
        return self._words[key][self.language].format(**parts)

    def value(self, member: Enum | str) -> str:
        """The word for an enumeration's member."""
        return self._values[str(member)][self.language]

    def label(self, text: str) -> str:
        """The word for a label, if it is one of ours; a recipient's own label as it is."""
        return self._values.get(text, {}).get(self.language, text)

    def text(self, statement: Bilingual) -> str:
        """A statement in this language."""
        return str(getattr(statement, self.language))
