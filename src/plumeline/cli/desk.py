"""What the commands on a case store share: which store, whose key, and how an answer is printed."""

from __future__ import annotations

import json
import os
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from plumeline.access.keys import ActorKeys
    from plumeline.workflows.desk import Desk

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
    elif plain is not None:
        click.echo("\n".join(_outline(plain)))


def _outline(value: Any, indent: str = "") -> list[str]:
    """Lines of an answer, nested things indented; a region is counted, for its corners say nothing to a reader."""
    if isinstance(value, dict):
        lines = []
        for key, inner in value.items():
            name = f"{indent}{key.replace('_', ' ')}:"
            if isinstance(inner, dict) and "coordinates" in inner:
                lines.append(f"{name} an outline; its corners with --json")
            elif inner and isinstance(inner, (dict, list)):
                lines += [name, *_outline(inner, f"{indent}  ")]
            elif inner not in (None, "", [], {}):
                lines.append(f"{name} {inner}")
        return lines
    if isinstance(value, list):
        return [line for each in value for line in _item(each, indent)]
    return [f"{indent}{value}"]


def _item(value: Any, indent: str) -> list[str]:
    if isinstance(value, list):
        return [f"{indent}- {'; '.join(line.strip() for each in value for line in _outline(each))}"]
    if isinstance(value, dict) and not any(
        isinstance(inner, (dict, list)) and inner for inner in value.values()
    ):
        facts = (
            f"{key.replace('_', ' ')}: {inner}"
            for key, inner in value.items()
            if inner not in (None, "", [], {})
        )
        return [f"{indent}- {'; '.join(facts)}"]
    lines = _outline(value, f"{indent}  ")
    return [f"{indent}- {lines[0].lstrip()}", *lines[1:]] if lines else []


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
        return json.loads(read_bytes(path))
    except ValueError as error:
        raise InputError(f"is not JSON: {error}", where=str(path)) from None


def read_bytes(path: Path) -> bytes:
    """A file's bytes.

    Args:
        path: the file.

    Returns:
        Its content.

    Raises:
        InputError: it cannot be read.
    """
    from plumeline.errors import InputError  # noqa: PLC0415

    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", where=str(path)) from None


def enter(
    desk: Desk, file: Path, kind: type[Any], workflow: Callable[[Desk, Any], Any], **facts: Any
) -> dict[str, Any]:
    """Read a record from a JSON file and hand it to a workflow.

    Args:
        desk: the actor's.
        file: the JSON file.
        kind: the record's class.
        workflow: takes desk and record.
        facts: fields that stand beside the file's, or instead of them; empty ones are left out.

    Returns:
        The record's name, its version if it has one, and what the workflow gave.

    Raises:
        InputError: the file is no such record.
    """
    from plumeline.access.records import from_plain  # noqa: PLC0415
    from plumeline.errors import InputError  # noqa: PLC0415

    written = read_json(file)
    if not isinstance(written, dict):
        raise InputError(f"is not one {kind.__name__}", where=str(file))
    made = from_plain(kind, written | {key: value for key, value in facts.items() if value}, where=str(file))
    done = workflow(desk, made)
    answer = {kind.__name__.lower(): made.id}
    if hasattr(made, "version"):
        answer["version"] = made.version
    return answer if done is None else answer | {"affected_cases": done}


def write_files(folder: Path, files: Mapping[str, bytes]) -> int:
    """Write files into a folder where none of them may stand yet.

    Args:
        folder: where.
        files: relative name to content.

    Returns:
        How many.

    Raises:
        OutputError: one exists, or cannot be written.
    """
    from plumeline.errors import OutputError  # noqa: PLC0415

    for name, data in files.items():
        try:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot be made: {error.strerror}", where=str(folder)) from None
        write_new(folder / name, data)
    return len(files)


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
    with new_file(path) as write:
        write(data)
    return str(path)


@contextmanager
def new_file(path: Path) -> Iterator[Callable[[bytes], None]]:
    """Make a file before an act that cannot be repeated, so that what the act gives has its place.

    Args:
        path: the file; it is gone again if the act fails.

    Yields:
        Writes the file's bytes and waits until they are on the disk.

    Raises:
        OutputError: it exists, or cannot be written.
    """
    from plumeline.errors import OutputError  # noqa: PLC0415

    try:
        stream = path.open("xb")
    except FileExistsError:
        raise OutputError("the file exists already", where=str(path), remedy="choose another name") from None
    except OSError as error:
        raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from None

    def write(data: bytes) -> None:
        try:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        except OSError as error:
            raise OutputError(f"cannot be written: {error.strerror}", where=str(path)) from None

    with stream:
        try:
            yield write
        except BaseException:
            path.unlink(missing_ok=True)
            raise
