"""What the commands on a case store share: which store, whose key, and how an answer is printed."""

from __future__ import annotations

import json
import os
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable

    from plumeline.access.keys import ActorKeys

PASSPHRASE = "PLUMELINE_PASSPHRASE"  # noqa: S105 (a variable's name)


def at_desk(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command `--store`, `--key` and `--json`; its function gets the opened desk first and returns the answer."""

    @click.option(
        "--store", envvar="PLUMELINE_STORE", required=True, help="Folder or address of the case store."
    )
    @click.option(
        "--key", type=click.Path(path_type=Path), envvar="PLUMELINE_KEY", required=True, help="Your key file."
    )
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON document instead.")
    @wraps(command)
    def wrapped(*, store: str, key: Path, as_json: bool, **rest: Any) -> int:
        from plumeline.workflows.desk import open_desk  # noqa: PLC0415 (heavy imports wait for their command)

        desk = open_desk(store, open_keys(key))
        say(command(desk, **rest), as_json=as_json)
        return 0

    return wrapped


def open_keys(path: Path) -> ActorKeys:
    """Open a key file; the passphrase is in PLUMELINE_PASSPHRASE or asked for."""
    from plumeline.access.keys import load_keys  # noqa: PLC0415

    return load_keys(path, passphrase())


def passphrase(*, again: bool = False) -> str:
    """The passphrase of a key file."""
    known = os.environ.get(PASSPHRASE)
    if known is not None:
        return known
    answer: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt=again, err=True)
    return answer


def say(answer: Any, *, as_json: bool) -> None:
    """Print an answer: a document, a list of records, or one line."""
    plain = _plain(answer)
    if as_json:
        click.echo(json.dumps(plain, indent=1, ensure_ascii=False, sort_keys=True))
    elif isinstance(plain, list):
        for item in plain:
            click.echo(_line(item))
    elif isinstance(plain, dict):
        for key, value in plain.items():
            click.echo(f"{key.replace('_', ' ')}: {_line(value)}")
    elif plain is not None:
        click.echo(str(plain))


def _line(value: Any) -> str:
    if isinstance(value, dict):
        return "  ".join(
            f"{key}={_line(inner)}" for key, inner in value.items() if inner not in (None, "", [], {})
        )
    return ", ".join(_line(each) for each in value) if isinstance(value, list) else str(value)


def _plain(value: Any) -> Any:
    from dataclasses import fields, is_dataclass  # noqa: PLC0415
    from datetime import datetime  # noqa: PLC0415

    from plumeline.access.records import to_plain  # noqa: PLC0415

    if hasattr(value, "__pydantic_serializer__"):
        return _plain(to_plain(value))
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, dict):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value


def read_json(path: Path) -> Any:
    """A JSON document from a file.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        InputError: it cannot be read or is no JSON.
    """
    from plumeline.errors import InputError  # noqa: PLC0415

    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None


def write_new(path: Path, data: bytes) -> str:
    """Write a file that must not exist yet.

    Args:
        path: the file.
        data: its bytes.

    Returns:
        Its name, to be printed.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    from plumeline.errors import OutputError  # noqa: PLC0415

    try:
        with path.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
    except FileExistsError:
        raise OutputError("the file exists already", where=str(path), remedy="choose another name") from None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from None
    return str(path)
