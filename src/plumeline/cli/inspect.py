"""`plumeline inspect`: what a file is, what is in it, what it lacks, and a drawing of it."""

from __future__ import annotations

import json
from math import isnan
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import click

if TYPE_CHECKING:
    from rich.console import Console

    from plumeline.instruments.summary import TableSummary
    from plumeline.workflows.inspect import FolderInspection, Inspection
    from plumeline.workflows.inspect_image import ImageInspection

DRAWING_WIDTH, MAP_HEIGHT, SERIES_HEIGHT = 60, 12, 4
MOST_SERIES = 6


@click.command()
@click.argument("path", type=click.Path(path_type=Path))
@click.option(
    "-m", "--mapping", type=click.Path(path_type=Path), help="TOML mapping for a table of your own."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
@click.option("--plot", type=click.Path(path_type=Path), help="Also draw into this .png or .html file.")
@click.option("--draft", is_flag=True, help="Print only a first mapping for a table that no format knows.")
def inspect(path: Path, mapping: Path | None, plot: Path | None, *, as_json: bool, draft: bool) -> int:
    """Say what PATH is, what is in it, what it lacks for locating a source, and draw it.

    PATH is a recording, an imager's cube, an open-path spectrum, or a folder of such. Exit code 3 when nothing in it can be read.

    \f

    Returns:
        Exit code.

    Raises:
        UsageError: a picture of a cube or a spectrum was asked for.
    """  # noqa: D301 (click cuts the help at the form feed)
    from rich.console import Console  # noqa: PLC0415 (heavy imports wait for their command)

    from plumeline.instruments.drafting import draft_mapping  # noqa: PLC0415
    from plumeline.workflows.inspect import inspect_file, inspect_folder  # noqa: PLC0415

    if draft:
        click.echo(draft_mapping(path))
        return 0
    console = Console(highlight=False)
    with _Progress(quiet=as_json) as progress:
        if path.is_dir():
            folder = inspect_folder(path, mapping=mapping, progress=progress.update)
        else:
            found = inspect_file(path, mapping=mapping, progress=progress.update)
    if path.is_dir():
        _show_folder(console, folder, as_json=as_json)
        return 0 if folder.readable else 3
    if as_json:
        click.echo(json.dumps(found.as_document(), indent=1, ensure_ascii=False, allow_nan=False))
    else:
        _show_file(console, found)
    if plot is not None:
        if found.image is not None:
            raise click.UsageError(
                "--plot draws recordings, not cubes or spectra; `plumeline image` draws those"
            )
        from plumeline.workflows.recording_picture import draw_recording  # noqa: PLC0415

        draw_recording(found, plot)
        click.echo(f"drawn into {plot}", err=True)
    return 0 if found.fault is None else 3


class _Progress:
    """A progress bar on the error stream that appears only for work that takes a while."""

    def __init__(self, *, quiet: bool) -> None:
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import Progress  # noqa: PLC0415

        self._bar = Progress(console=Console(stderr=True), transient=True, disable=quiet)
        self._task = self._bar.add_task("reading", total=None)

    def __enter__(self) -> Self:
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._bar.stop()

    def update(self, done: int, total: int) -> None:
        self._bar.update(self._task, completed=done, total=total)


def _show_folder(console: Console, folder: FolderInspection, *, as_json: bool) -> None:
    if as_json:
        documents = [file.as_document() for file in folder.files]
        click.echo(
            json.dumps({"version": 1, "files": documents}, indent=1, ensure_ascii=False, allow_nan=False)
        )
        return
    for file in folder.files:
        if file.image is not None:
            name = _escaped(str(file.path.relative_to(folder.path)))
            said = "; ".join(words for _, words in file.image.facts[:2])
            line = f"[bold]{name}[/]  {file.image.format_name}  {_escaped(said)}"
            console.print(f"{line}; {len(file.image.wrong)} faults", soft_wrap=True)
        if file.recording is None:
            continue
        holds = ", ".join(f"{t.records} {t.kind}" for t in file.tables)
        start = min((t.start for t in file.tables if t.start), default="no time")
        duration = max(t.duration_s for t in file.tables)
        name = _escaped(str(file.path.relative_to(folder.path)))
        line = f"[bold]{name}[/]  {file.recording.format_name}  {holds}; {start}, {duration:,.0f} s"
        console.print(f"{line}; {len(file.recording.remarks)} remarks", soft_wrap=True)
    for file in folder.files:
        if file.fault is not None:
            name = str(file.path.relative_to(folder.path))
            console.print(
                f"[yellow]not read[/]  {_escaped(name)}: {_escaped(file.fault.what)}", soft_wrap=True
            )
    console.print(f"\n{folder.readable} of {len(folder.files)} files can be read")


def _show_file(console: Console, found: Inspection) -> None:
    if found.image is not None:
        _show_image(console, found, found.image)
        return
    if found.recording is None:
        _show_unknown(console, found)
        return
    console.print(
        f"[bold]{_escaped(found.path.name)}[/]  {_escaped(found.title)} ({found.recording.format_name})"
    )
    console.print(f"  {found.path.stat().st_size:,} bytes, SHA-256 {found.recording.sha256[:16]}…")
    for name in found.recording.beside:
        console.print(f"  with {_escaped(name)}")
    if found.also_fits:
        console.print(f"  also fits: {', '.join(found.also_fits)}")
    for table in found.tables:
        _show_table(console, table)
    _draw(console, found)
    console.print("\n[bold]missing for locating a source[/]" + ("" if found.lacks else ": nothing"))
    for lack in found.lacks:
        mark = "[red]needed[/]  " if lack.essential else "[yellow]better[/]  "
        console.print(f"  {mark}{_escaped(lack.what)}: {_escaped(lack.remedy)}", soft_wrap=True)
    console.print("\n[bold]remarks[/]" + ("" if found.recording.remarks else ": none"))
    for remark in found.recording.remarks:
        console.print(f"  • {_escaped(str(remark))}", soft_wrap=True)


def _show_image(console: Console, found: Inspection, image: ImageInspection) -> None:
    console.print(f"[bold]{_escaped(found.path.name)}[/]  {_escaped(image.title)} ({image.format_name})")
    console.print(f"  {found.path.stat().st_size:,} bytes, SHA-256 of the data {image.sha256[:16]}…")
    for label, words in image.facts:
        console.print(f"  {label:16}{_escaped(words)}", soft_wrap=True)
    console.print("\n[bold]wrong with it[/]" + ("" if image.wrong else ": nothing that shows"))
    for fault in image.wrong:
        console.print(f"  [red]•[/] {_escaped(fault)}", soft_wrap=True)
    console.print("\n[bold]needed besides[/]" + ("" if image.lacks else ": nothing"))
    for what, how in image.lacks:
        console.print(f"  {_escaped(what)}: {_escaped(how)}", soft_wrap=True)


def _show_unknown(console: Console, found: Inspection) -> None:
    console.print(f"[bold]{_escaped(found.path.name)}[/]  a table that no built-in format fits")
    console.print(f"  columns: {_escaped(', '.join(found.columns))}", soft_wrap=True)
    console.print("\n[bold]a first mapping[/] (save it, check every line, and give it with --mapping):\n")
    click.echo(found.draft)


def _show_table(console: Console, summary: TableSummary) -> None:
    from rich.table import Table  # noqa: PLC0415

    sensors = f" of {len(summary.sensors)} sensors" if len(summary.sensors) > 1 else ""
    rate = "" if isnan(summary.interval_s) else f", one every {summary.interval_s:.3g} s"
    undated = "" if summary.time_reference == "utc" else "; no calendar date"
    gaps = f", {summary.gaps} gaps (longest {summary.longest_gap_s:.3g} s)" if summary.gaps else ""
    console.print(f"\n[bold]{summary.kind}[/]: {summary.records} records{sensors}{rate}{gaps}")
    console.print(f"  {summary.start or 'no time'} … {summary.end}  ({summary.duration_s:,.1f} s{undated})")
    if summary.extent_m is not None:
        console.print(f"  {summary.extent_m[0]:.1f} m east-west, {summary.extent_m[1]:.1f} m north-south")
    table = Table(
        "column",
        "unit",
        "least",
        "median",
        "most",
        "missing",
        "",
        box=None,
        header_style="dim",
        padding=(0, 1),
    )
    for variable in summary.variables:
        numbers = ("" if v is None else f"{v:.7g}" for v in (variable.low, variable.median, variable.high))
        table.add_row(
            variable.name, variable.units, *numbers, str(variable.missing or ""), _escaped(variable.note)
        )
    console.print(table)


def _draw(console: Console, found: Inspection) -> None:
    from plumeline.cli.braille import scatter  # noqa: PLC0415
    from plumeline.instruments import gas_variables  # noqa: PLC0415
    from plumeline.instruments.summary import local_positions_m  # noqa: PLC0415

    tables: Any = found.recording.tables if found.recording is not None else {}
    placed = next(
        (t for k in ("track", "readings") if (t := tables.get(k)) is not None and local_positions_m(t)), None
    )
    if placed is not None:
        east, north = local_positions_m(placed) or ((), ())
        console.print("\n[bold]map[/] (north up)")
        for line in scatter(east, north, width=DRAWING_WIDTH, height=MAP_HEIGHT, equal=True):
            console.print("  " + line.rstrip(chr(0x2800)))
    series = [
        ("readings", name) for name in (gas_variables(tables["readings"]) if "readings" in tables else ())
    ]
    series += [("wind", name) for name in ("speed", "direction_from", "eastward", "northward")]
    series += [("track", name) for name in ("altitude", "height")]
    shown = 0
    for kind, name in series:
        if kind not in tables or name not in tables[kind] or shown == MOST_SERIES:
            continue
        values = tables[kind][name]
        time = tables[kind]["time"].to_numpy().astype("int64") / 1e9
        units = _escaped(str(values.attrs.get("units", "")))
        console.print(f"\n[bold]{_escaped(name)}[/] ({units}) over time")
        for line in scatter(time, values.to_numpy(), width=DRAWING_WIDTH, height=SERIES_HEIGHT):
            console.print("  " + line)
        shown += 1


def _escaped(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)
