"""Words for a likelihood ratio.

References: ENFSI Guideline for Evaluative Reporting in Forensic Science, approved version 3.0 (2015), verbal scale.
"""

from __future__ import annotations

_SCALE: tuple[tuple[float, str, str], ...] = (
    (0.30103, "does not support one over the other", "no apoya una explicación más que la otra"),
    (1.0, "weak support", "apoyo débil"),
    (2.0, "moderate support", "apoyo moderado"),
    (3.0, "moderately strong support", "apoyo moderadamente fuerte"),
    (4.0, "strong support", "apoyo fuerte"),
    (6.0, "very strong support", "apoyo muy fuerte"),
    (float("inf"), "extremely strong support", "apoyo extremadamente fuerte"),
)


def verbal(log10_ratio: float, language: str = "en") -> str:
    """The ENFSI words for a likelihood ratio; its sign says for which side.

    Args:
        log10_ratio: log10 of the likelihood ratio.
        language: "en" or "es".

    Returns:
        The words.
    """
    size = abs(log10_ratio)
    words = next(row for row in _SCALE if size <= row[0])
    return words[2] if language == "es" else words[1]
