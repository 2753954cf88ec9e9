"""Words in the recipient's language, from one file."""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from plumeline.chem import spanish_name
from plumeline.facilities.phrase import spoken
from plumeline.facilities.remarks import in_both

if TYPE_CHECKING:
    from enum import Enum

    from plumeline.cases import Bilingual
    from plumeline.facilities.phrase import Language

LANGUAGES: tuple[Language, ...] = ("en", "es")


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

    def __init__(self, language: Language) -> None:
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

    def remark(self, remark: str) -> str:
        """What a result remarks on, in this language if the catalogue has it."""
        return spoken(in_both(remark), self.language)

    def gas(self, name: str) -> str:
        """A gas in this language."""
        return spanish_name(name) if self.language == "es" else name
