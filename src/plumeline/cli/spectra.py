"""`plumeline spectra`: build, list and use a local library of gas spectra."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import click


@click.group()
def spectra() -> None:
    """Build, list and use a local library of gas spectra.

    Plumeline ships no spectra: the public libraries ask that you get them from their publishers.
    """


@spectra.command()
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("spectra.h5"),
    show_default=True,
    help="Library file to make.",
)
def build(folder: Path, output: Path) -> None:
    """Import every spectral file below FOLDER into one library file.

    Reads JCAMP-DX (NIST QUANT-IR, Coblentz), HITRAN .xsc and .par, and AER cross-sections.
    """
    from rich.console import Console  # noqa: PLC0415 (heavy: only when the command runs)

    from plumeline.workflows.spectra import build_library  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("reading") as status:
        report = build_library(folder, output, progress=lambda name: status.update(f"reading {name}"))
    count = len(report.library.cross_sections)
    click.echo(f"{report.path}: {count} spectra of {len(report.library.gases)} gases, ", nl=False)
    click.echo(f"{len(report.library.line_lists)} line lists")
    for name, reason in report.skipped:
        click.echo(f"  not taken: {name}: {reason}")


@spectra.command(name="list")
@click.argument("library", type=click.Path(path_type=Path))
def list_(library: Path) -> None:
    """List the spectra of a LIBRARY with range, temperature, grade and source."""
    from plumeline.chem.spectra import read_library  # noqa: PLC0415 (heavy)

    for s in read_library(library).cross_sections:
        low, high = s.range_cm1
        click.echo(
            f"{s.gas:28} {s.grade:12} {low:7.1f}-{high:7.1f} cm-1  {s.resolution_cm1:5.2f} cm-1  "
            f"{s.temperature_k:5.1f} K  ±{s.relative_uncertainty:.0%}  {s.source}"
        )


@spectra.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "-l",
    "--library",
    type=click.Path(path_type=Path),
    default=Path("spectra.h5"),
    show_default=True,
    help="Library file to use.",
)
@click.option("--self-emission", type=click.Path(path_type=Path), help="Spectrum of the instrument itself.")
def columns(files: tuple[Path, ...], library: Path, self_emission: Path | None) -> None:
    """Columns of gases in open-path spectra (GRAMS SPC or OPUS FILES), and what cannot be retrieved."""
    from rich.console import Console  # noqa: PLC0415 (heavy)

    from plumeline.chem.spectra import read_library  # noqa: PLC0415
    from plumeline.workflows.spectra import search_open_path  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("fitting") as status:
        found = search_open_path(
            files,
            read_library(library),
            self_emission=self_emission,
            progress=lambda name: status.update(f"fitting {name}"),
        )
    for spectrum, findings in found:
        click.echo(f"{spectrum.name}  {spectrum.time}")
        for one in findings:
            number = ""
            if not isnan(one.column_ppm_m):
                number = f"{one.column_ppm_m:9.0f} ± {one.sigma_ppm_m:.0f} ppm m, limit {one.limit_ppm_m:.0f}"
            click.echo(f"  {one.gas:20} {one.verdict:26} {number:42} {one.reason}")
