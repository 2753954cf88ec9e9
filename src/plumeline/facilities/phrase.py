"""Sentences that are made from what was found, in English and in Spanish at once.

A `Phrase` is its English text; whoever shows it in Spanish asks for that. So one place makes both, from the same facts,
and neither can fall behind the other.
"""

from __future__ import annotations

from typing import Literal, Self

Language = Literal["en", "es"]


class Phrase(str):
    """An English sentence that knows its Spanish."""

    __slots__ = ("es",)

    es: str
    """The same in Spanish."""

    def __new__(cls, en: str, *, es: str) -> Self:
        """Make a phrase.

        Args:
            en: English.
            es: Spanish.

        Returns:
            The phrase, which is its English text.
        """
        phrase = super().__new__(cls, en)
        phrase.es = es
        return phrase


def spoken(text: str, language: Language) -> str:
    """A text in a language.

    Args:
        text: a phrase, or a plain text, which has only one language.
        language: "en" or "es".

    Returns:
        The Spanish of a phrase when asked for; the text itself otherwise.
    """
    return text.es if language == "es" and isinstance(text, Phrase) else str(text)


def whole(value: float) -> str:
    """A whole number that reads the same in both languages: a comma would be a thousand in one and a point in the other.

    Args:
        value: any number.

    Returns:
        Its digits, thousands set apart by a narrow space.
    """
    return f"{value:,.0f}".replace(",", "\u202f")
