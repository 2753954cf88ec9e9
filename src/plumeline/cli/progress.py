"""Progress on standard error: a bar with stage and time left on a terminal, one line a stage elsewhere."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def shown_progress(*, quiet: bool) -> Iterator[Callable[[float, str], None]]:
    """Give a function that shows how far the work is.

    Args:
        quiet: whether nothing is shown.

    Yields:
        A function of the share done, 0 to 1, and what is being done.
    """
    if quiet:
        yield lambda _share, _text: None
    elif not sys.stderr.isatty():
        yield _lines()
    else:
        from rich.console import Console  # noqa: PLC0415 (slow to import)
        from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415

        columns = (
            TextColumn("{task.description:<34}"),
            BarColumn(),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            task = bar.add_task("", total=1.0)
            yield lambda share, text: bar.update(task, completed=share, description=text)


def _lines() -> Callable[[float, str], None]:
    said = ""

    def tell(share: float, text: str) -> None:
        nonlocal said
        if text != said:
            click.echo(f"{100 * share:3.0f} %  {text}", err=True)
            said = text

    return tell
