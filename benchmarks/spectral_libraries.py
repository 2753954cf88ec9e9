"""Independent absorption records of the same gas: NIST QUANT-IR against HITRAN/PNNL cross-sections and lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.results import Figures
from plumeline.chem.spectra import agreement, read_aer, read_jcamp

if TYPE_CHECKING:
    import argparse

PAIRS = (
    ("sulfur hexafluoride", "SF6AT2", "sulphur hexafluoride", (770.0, 1300.0)),
    ("acetone", "ACETAT1", "acetone", (770.0, 1300.0)),
    ("acetonitrile", "CHCNBT2", "acetonitrile", (880.0, 1150.0)),
    ("acetonitrile", "CHCNCT2", "acetonitrile", (1200.0, 1650.0)),
)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, default=Path(os.environ.get("PLUMELINE_DATA", "../shared/data")))


def run(options: argparse.Namespace) -> Figures:
    table = []
    for gas, aer, jcamp, span in PAIRS:
        ratio, correlation = agreement(
            read_aer(options.data / "spectra/aer" / aer),
            read_jcamp(options.data / "spectra/jcamp" / f"{jcamp}.jdx"),
            span_cm1=span,
        )
        table.append({
            "gas": gas,
            "span_cm1": f"{span[0]:.0f}-{span[1]:.0f}",
            "hitran_over_quant_ir": ratio,
            "correlation": correlation,
        })
    worst = max(abs(float(row["hitran_over_quant_ir"]) - 1) for row in table)  # type: ignore[arg-type] # a number
    return Figures(figures={"worst_disagreement": worst}, table=table)
