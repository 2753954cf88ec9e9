"""Entry point: commands are loaded when they are called, errors become one clear line and an exit code.

Exit codes: 0 done; 1 other error; 2 wrong option or settings; 3 input cannot be used; 4 refused, no honest answer;
5 not permitted; 6 a result cannot be written; 7 the case store cannot be used now; 70 a fault in Plumeline itself;
130 interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import click

from plumeline import __version__
from plumeline.errors import PlumelineError

COMMANDS: dict[str, str] = {
    "assess": "plumeline.cli.assess:assess",
    "audit": "plumeline.cli.audit:audit",
    "benchmark": "plumeline.cli.benchmark:benchmark",
    "boresight": "plumeline.cli.boresight:boresight",
    "case": "plumeline.cli.case:case",
    "demo": "plumeline.cli.demo:demo",
    "exercise": "plumeline.cli.exercise:exercise",
    "image": "plumeline.cli.image:image",
    "inspect": "plumeline.cli.inspect:inspect",
    "locate": "plumeline.cli.locate:locate",
    "outcome": "plumeline.cli.outcome:outcome",
    "package": "plumeline.cli.package:package",
    "policy": "plumeline.cli.policy:policy",
    "release": "plumeline.cli.release:release",
    "review": "plumeline.cli.review:review",
    "simulate": "plumeline.cli.simulate:simulate",
    "spectra": "plumeline.cli.spectra:spectra",
    "verify": "plumeline.cli.package:verify",
}
"""Command name to "module:attribute"; one line a command."""

FAULT_EXIT_CODE = 70
INTERRUPTED_EXIT_CODE = 130


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is looked up."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in alphabetical order."""
        del ctx
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one command, or None if there is no such name."""
        del ctx
        target = COMMANDS.get(cmd_name)
        if target is None:
            return None
        module, _, attribute = target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        return command


@click.group(
    cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110}
)
@click.version_option(__version__, prog_name="plumeline")
def plumeline() -> None:
    """From chemical sensing flights to located, identified emission sources."""


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and leave with a documented exit code; never shows a trace-back.

    Args:
        arguments: the words after the program's name; those of the process if None.

    Raises:
        SystemExit: always, with the exit code.
        Exception: a fault in Plumeline itself, when PLUMELINE_TRACE is set.
    """
    try:
        result: Any = plumeline.main(args=arguments, prog_name="plumeline", standalone_mode=False)
    except PlumelineError as error:
        _say(error)
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        error.show()
        raise SystemExit(error.exit_code) from None
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted; what was already written stays", err=True)
        raise SystemExit(INTERRUPTED_EXIT_CODE) from None
    except BrokenPipeError:
        # The reader of a pipe left (`plumeline … | head`): not our error, and nothing to say into a closed pipe.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("PLUMELINE_TRACE"):
            raise
        click.echo(
            f"plumeline: a fault in Plumeline itself: {type(error).__name__}: {error}\n"
            "  set PLUMELINE_TRACE=1 and run it again to see where, and report that; your files were not changed",
            err=True,
        )
        raise SystemExit(FAULT_EXIT_CODE) from None
    raise SystemExit(result if isinstance(result, int) else 0)


def _say(error: PlumelineError) -> None:
    click.echo(f"plumeline: {error.where + ': ' if error.where else ''}{error.what}", err=True)
    if error.remedy:
        click.echo(f"  → {error.remedy}", err=True)
