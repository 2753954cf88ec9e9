"""`plumeline benchmark`: how well the inference does on flights whose truth it cannot know."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.option(
    "--suite", "suites", multiple=True, help="Suite to run; may be given several times. All when not given."
)
@click.option("--cases", default=5, show_default=True, type=click.IntRange(1), help="Cases per suite.")
@click.option(
    "--seed", default=1_000_000, show_default=True, type=click.IntRange(0), help="Seed of the first case."
)
@click.option(
    "--processes", default=2, show_default=True, type=click.IntRange(1), help="Inference processes."
)
@click.option(
    "-o",
    "--output",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="New or empty folder for the page and its figures.",
)
def benchmark(suites: tuple[str, ...], cases: int, seed: int, processes: int, output: Path) -> None:
    """Simulate blind flights, infer without the truth, score, and write a page with plots."""
    import json  # noqa: PLC0415 (heavy imports wait for their command)
    from dataclasses import replace  # noqa: PLC0415

    from rich.progress import Progress  # noqa: PLC0415

    from plumeline.workflows.benchmark import BenchmarkRequest, run_benchmark  # noqa: PLC0415
    from plumeline.workflows.benchmark.page import as_plain, benchmark_page  # noqa: PLC0415
    from plumeline.workflows.output import fresh_folder  # noqa: PLC0415

    request = BenchmarkRequest(cases=cases, seed=seed, processes=processes)
    request = replace(request, suites=suites) if suites else request
    with fresh_folder(output) as folder, Progress(transient=True) as bar:
        task = bar.add_task("simulating", total=1.0)
        result = run_benchmark(
            request, lambda share, text: bar.update(task, completed=share, description=text)
        )
        (folder / "benchmark.html").write_text(benchmark_page(result), encoding="utf-8")
        (folder / "benchmark.json").write_text(
            json.dumps(as_plain(result), indent=1, sort_keys=True) + "\n", encoding="utf-8"
        )
    for suite in result.suites:
        found, alarm, cover = suite.detection, suite.false_alarm, suite.cover_90
        click.echo(
            f"{suite.suite:14} found {found.successes}/{found.trials} visible, false in {alarm.successes}/{alarm.trials} "
            f"cases, 90 % region held {cover.successes}/{cover.trials}"
        )
    click.echo(f"page  {output / 'benchmark.html'}")
