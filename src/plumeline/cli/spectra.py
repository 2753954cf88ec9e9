"""`plumeline spectra`: build, list and use a local library of gas spectra."""

from __future__ import annotations

from math import isnan
from pathlib import Path

import click

MOST_NAMES = 8
"""So many gases or surfaces of a kind are named by `build`; `list` shows all."""


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
@click.option(
    "--temperature",
    type=click.FloatRange(-100, 200),
    default=22.85,
    show_default=True,
    help="Temperature at which line lists become cross-sections [°C].",
)
@click.option(
    "--pressure",
    type=click.FloatRange(100, 1100),
    default=1013.25,
    show_default=True,
    help="Pressure at which they do [hPa].",
)
def build(folder: Path, output: Path, temperature: float, pressure: float) -> None:
    """Import every spectral file below FOLDER into one library file.

    Reads JCAMP-DX (NIST QUANT-IR, Coblentz), HITRAN .xsc and .par, AER cross-sections, and surfaces from ENVI .sli. A
    file that cannot be taken is named with the reason and stops nothing.
    """
    from rich.console import Console  # noqa: PLC0415 (heavy: only when the command runs)

    from plumeline.workflows.spectra import build_library  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("reading") as status:
        report = build_library(
            folder,
            output,
            temperature_k=temperature + 273.15,
            pressure_pa=100.0 * pressure,
            progress=lambda name: status.update(f"reading {name}"),
        )
    library = report.library
    counts = [f"{len(library.cross_sections)} spectra of {len(library.gases)} gases"]
    counts += [f"{len(library.line_lists)} line lists", f"{len(library.surfaces)} surfaces"]
    click.echo(f"{report.path}: {', '.join(counts)}")
    for kind in sorted({one.kind for one in report.taken}):
        files = [one for one in report.taken if one.kind == kind]
        names = sorted({gas for one in files for gas in one.gases})
        more = f" and {len(names) - MOST_NAMES} more" if len(names) > MOST_NAMES else ""
        click.echo(f"  {kind}: {len(files)} file(s): {', '.join(names[:MOST_NAMES])}{more}")
    if report.computed:
        click.echo(f"  computed from published constants: lines of {', '.join(report.computed)}")
    for name, reason in report.skipped:
        click.echo(f"  not taken: {name}: {reason}")


@spectra.command(name="list")
@click.argument("library", type=click.Path(path_type=Path))
def list_(library: Path) -> None:
    """List what a LIBRARY holds: spectra with range, temperature, grade and source, line lists, surfaces."""
    from plumeline.chem.spectra import read_library  # noqa: PLC0415 (heavy)

    held = read_library(library)
    for s in held.cross_sections:
        low, high = s.range_cm1
        click.echo(
            f"{s.gas:28} {s.grade:12} {low:7.1f}-{high:7.1f} cm-1  {s.resolution_cm1:5.2f} cm-1  "
            f"{s.temperature_k:5.1f} K  ±{s.relative_uncertainty:.0%}  {s.source}"
        )
    for one in held.line_lists:
        low, high = one.position_cm1[[0, -1]]
        click.echo(
            f"{one.gas:28} {'lines':12} {low:7.1f}-{high:7.1f} cm-1  {one.position_cm1.size} lines  {one.source}"
        )
    for ground in held.surfaces:
        low, high = ground.wavelength_nm[[0, -1]]
        click.echo(f"{ground.name:28} {'surface':12} {low:7.1f}-{high:7.1f} nm  {ground.source}")


@spectra.command()
@click.option(
    "-l",
    "--library",
    type=click.Path(path_type=Path),
    default=Path("spectra.h5"),
    show_default=True,
    help="Library file to use.",
)
@click.option(
    "--scene", type=click.Path(path_type=Path), help="A cube of the instrument; only its header counts."
)
@click.option("--range", "span", type=(float, float), help="Or its first and last band centre [cm-1].")
@click.option("--bands", type=click.IntRange(2, 5000), help="With --range: number of bands, evenly spaced.")
@click.option(
    "--width", type=float, help="With --range: width of a band at half maximum [cm-1]; else its spacing."
)
def classes(
    library: Path,
    scene: Path | None,
    span: tuple[float, float] | None,
    bands: int | None,
    width: float | None,
) -> None:
    """Gases that an instrument can see, and classes of gases that it cannot tell apart.

    For the noise and smooth ground of a plain scene. In a real one `plumeline image` finds classes from the scene's
    own statistics.

    \f

    Raises:
        UsageError: the instrument is told by neither or both ways.
    """  # noqa: D301 (click cuts the help at the form feed)
    from plumeline.chem.spectra import read_library  # noqa: PLC0415 (heavy)
    from plumeline.workflows.spectra import even_bands, scene_response, tell_apart  # noqa: PLC0415

    if (scene is None) == (span is None) or (span is None) != (bands is None):
        raise click.UsageError("give either --scene, or --range and --bands")
    if scene is not None:
        response = scene_response(scene)
    else:
        low, high = span or (0.0, 0.0)
        response = even_bands(low, high, bands or 0, width_cm1=width)
    found = tell_apart(read_library(library), response)
    low, high = found.span_cm1
    click.echo(f"{found.bands} bands from {low:.1f} to {high:.1f} cm-1: {len(found.seen)} gases can be seen")
    for group in found.classes:
        click.echo(f"cannot be told apart: {', '.join(group)}")
    if not found.classes:
        click.echo("every one of them can be told from every other")
    for one, other, correlation in found.alike:
        click.echo(f"alike: {one} and {other} ({correlation:.2f})")
    for gas, why in found.unseen:
        click.echo(f"not seen: {gas}: {why}")


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
@click.option("-g", "--gas", "gases", multiple=True, help="Seek only this gas; may be given again.")
def columns(
    files: tuple[Path, ...], library: Path, self_emission: Path | None, gases: tuple[str, ...]
) -> None:
    """Columns of gases in open-path spectra (GRAMS SPC or OPUS FILES), and what cannot be retrieved."""
    from rich.console import Console  # noqa: PLC0415 (heavy)

    from plumeline.chem.spectra import read_library  # noqa: PLC0415
    from plumeline.workflows.open_path import search_open_path  # noqa: PLC0415

    console = Console(stderr=True)
    with console.status("fitting") as status:
        found = search_open_path(
            files,
            read_library(library),
            self_emission=self_emission,
            gases=gases,
            progress=lambda name: status.update(f"fitting {name}"),
        )
    for spectrum, findings in found:
        click.echo(f"{spectrum.name}  {spectrum.time}")
        for one in findings:
            number = ""
            if not isnan(one.column_ppm_m):
                number = f"{one.column_ppm_m:9.0f} ± {one.sigma_ppm_m:.0f} ppm m, limit {one.limit_ppm_m:.0f}"
            click.echo(f"  {one.gas:20} {one.verdict:26} {number:42} {one.reason}")
