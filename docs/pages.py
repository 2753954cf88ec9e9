"""Generated pages of the documentation, made from the code while the site is built: nothing here is written twice.

`mkdocs.yml` names this file as a hook. Every function below that returns text is one page.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import itertools
import json
import pkgutil
import re
import tomllib
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from mkdocs.structure.files import File, Files

import plumeline
from plumeline import errors
from plumeline.cli.main import COMMANDS, FAULT_EXIT_CODE, INTERRUPTED_EXIT_CODE
from plumeline.cli.main import plumeline as group
from plumeline.schemas import REGISTRY

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
FIRST = ("index.md", "quick-start.md")
HIDDEN_ROOMS = {"__main__"}


def on_files(files: Files, config: Any) -> Files:
    """Add the generated pages and lay out the navigation.

    Args:
        files: what is in `docs/`.
        config: the site's configuration.

    Returns:
        The same with more.
    """
    for name, text in generated_pages().items():
        files.append(File.generated(config, name, content=text))
    config["nav"] = navigation([file.src_uri for file in files if file.src_uri.endswith(".md")])
    return files


def navigation(names: list[str]) -> list[Any]:
    """Order of the pages: start, how-to, topics, reference, decisions.

    Args:
        names: paths of all pages.

    Returns:
        The navigation as mkdocs wants it.
    """

    def under(folder: str) -> list[str]:
        found = sorted(name for name in names if name.startswith(f"{folder}/"))
        return sorted(found, key=lambda name: not name.endswith("/index.md"))

    topics = sorted(name for name in names if "/" not in name and name not in {*FIRST, "benchmarks.md"})
    api = under("reference/api")
    reference = [name for name in under("reference") if name not in api]
    other = sorted(
        {name.split("/")[0] for name in names if "/" in name} - {"how-to", "reference", "decisions"}
    )
    return [
        *(name for name in FIRST if name in names),
        *([{"How to": under("how-to")}] if under("how-to") else []),
        {"Topics": topics},
        *({folder.capitalize(): under(folder)} for folder in other),
        {"Reference": [*reference, {"Python": api}]},
        {"Benchmarks": "benchmarks.md"},
        {"Decisions": under("decisions")},
    ]


def generated_pages() -> dict[str, str]:
    """Path to text of every generated page."""
    pages = {
        "reference/command-line.md": command_line(),
        "reference/datasets.md": datasets(),
        "reference/errors.md": error_page(),
        "reference/locate-json.md": locate_json(),
        # "reference/locate-settings.md": locate_settings(),
        "benchmarks.md": benchmarks(),
        "decisions/index.md": decisions(),
    }
    pages |= {f"reference/api/{room}.md": api(room) for room in rooms()}
    return pages


def rooms() -> list[str]:
    """Names of all packages and modules directly in `plumeline`."""
    return sorted(
        module.name for module in pkgutil.iter_modules(plumeline.__path__) if module.name not in HIDDEN_ROOMS
    )


def api(room: str) -> str:
    """Reference of one room: what it says of itself, then every public module in it."""
    lines = [f"# plumeline.{room}", ""]
    for name in [f"plumeline.{room}", *_modules(room)]:
        if _has_content(name):
            lines += [f"::: {name}", "    options:", "      show_root_full_path: true", ""]
    return "\n".join(lines)


def _modules(room: str) -> Iterator[str]:
    package = ROOT / "src" / "plumeline" / room
    for path in sorted(package.rglob("*.py")) if package.is_dir() else []:
        parts = path.relative_to(ROOT / "src").with_suffix("").parts
        name = ".".join(parts).removesuffix(".__init__")
        if name != f"plumeline.{room}" and not any(part.startswith("_") for part in name.split(".")):
            yield name


def _has_content(name: str) -> bool:
    path = ROOT / "src" / Path(*name.split("."))
    path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
    return bool(ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))))


def command_line() -> str:
    """Every command with its own help, and the exit codes."""
    lines = ["# Command line", "", "```", _help(group, "plumeline"), "```", ""]
    for name in sorted(COMMANDS):
        command = group.get_command(click.Context(group), name)
        if command is not None:
            lines += _command_lines(command, f"plumeline {name}", level=2)
    return "\n".join([*lines, "## Exit codes", "", *_exit_code_rows()])


def _command_lines(command: click.Command, name: str, *, level: int) -> list[str]:
    lines = [f"{'#' * level} {name}", "", "```", _help(command, name), "```", ""]
    for sub in sorted(command.commands) if isinstance(command, click.Group) else []:
        lines += _command_lines(command.commands[sub], f"{name} {sub}", level=level + 1)
    return lines


def _help(command: click.Command, name: str) -> str:
    return command.get_help(click.Context(command, info_name=name, max_content_width=100, terminal_width=100))


def error_classes() -> list[type[errors.PlumelineError]]:
    """Every error that is raised on purpose, in the order of the file."""
    found = [
        value
        for value in vars(errors).values()
        if isinstance(value, type) and issubclass(value, errors.PlumelineError)
    ]
    return sorted(found, key=lambda value: inspect.getsourcelines(value)[1])


def _exit_code_rows() -> list[str]:
    codes: dict[int, list[str]] = {}
    for error in error_classes():
        codes.setdefault(error.exit_code, []).append(
            f"[`{error.__name__}`](errors.md#{error.__name__.lower()})"
        )
    rows = ["| code | meaning |", "|---|---|", "| 0 | done; for `locate` also when nothing is found |"]
    rows += [f"| {code} | {', '.join(names)} |" for code, names in sorted(codes.items())]
    return [
        *rows,
        f"| {FAULT_EXIT_CODE} | a fault in Plumeline itself; `PLUMELINE_TRACE=1` shows where |",
        f"| {INTERRUPTED_EXIT_CODE} | interrupted |",
        "",
    ]


def error_page() -> str:
    """The error tree, and what each error means."""
    lines = ["# Errors and exit codes", "", inspect.getdoc(errors) or "", ""]
    for error in error_classes():
        lines += [f"## {error.__name__}", "", f"Exit code {error.exit_code}. {inspect.getdoc(error)}", ""]
    return "\n".join(lines)


def datasets() -> str:
    """Every registered dataset schema."""
    for room in rooms():
        importlib.import_module(f"plumeline.{room}")
    lines = [
        "# Datasets",
        "",
        (
            "What each kind of dataset holds. Floats are SI; times are UTC; kinds are NumPy's: f float, i and u integer, "
            "M time, U and O text, b boolean."
        ),
        "",
    ]
    for name, schema in sorted(REGISTRY.items()):
        lines += [
            f"## {name}",
            "",
            schema.doc,
            "",
            "| variable | dimensions | kind | units | what |",
            "|---|---|---|---|---|",
        ]
        for variable_name, variable in schema.variables.items():
            units = "" if variable.units is None else f"`{variable.units}`"
            optional = "" if variable.required else " *Optional.*"
            dims = ", ".join(variable.dims) or "–"
            lines.append(
                f"| `{variable_name}` | {dims} | {variable.kind} | {units} | {variable.doc}{optional} |"
            )
        lines.append("")
    return "\n".join(lines)


def locate_json() -> str:
    """The document that `plumeline locate --json` prints."""
    from plumeline.store import LOCATE_SCHEMA_VERSION, locate_schema  # noqa: PLC0415 (slow to import)

    schema = locate_schema()
    lines = [
        "# JSON of `plumeline locate`",
        "",
        (
            f"`plumeline locate SURVEY --json` prints one document, also written as `result.json`. Version {LOCATE_SCHEMA_VERSION}. "
            "The first number changes only when a reader could break."
        ),
        "",
        schema["description"],
        "",
        "```sh",
        "plumeline locate flight.csv --json | jq '.sources[0].region_centre'",
        "```",
        "",
        "| field | type | what |",
        "|---|---|---|",
        *_schema_rows(schema, ""),
        "",
    ]
    for name, part in schema["$defs"].items():
        lines += [f"## {name}", "", part["description"], "", "| field | type | what |", "|---|---|---|"]
        lines += [*_schema_rows(part, ""), ""]
    text = json.dumps(schema, indent=1, ensure_ascii=False)
    return "\n".join([*lines, "## The schema itself", "", "```json", text, "```", ""])


def _schema_rows(node: dict[str, Any], prefix: str) -> Iterator[str]:
    for name, child in node.get("properties", {}).items():
        kind = _schema_type(child)
        yield f"| `{prefix}{name}` | {kind} | {child.get('description', '')} |"
        inner = child.get("items", child)
        yield from _schema_rows(inner, f"{prefix}{name}{'[]' if 'items' in child else ''}.")


def _schema_type(node: dict[str, Any]) -> str:
    if "$ref" in node:
        name = node["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name})"
    if "anyOf" in node:
        return " or ".join(_schema_type(one) for one in node["anyOf"])
    if "const" in node:
        return f'"{node["const"]}"'
    if node.get("type") == "array":
        return f"list of {_schema_type(node.get('items', {}))}"
    kind = node.get("type", "any")
    return " or ".join(kind) if isinstance(kind, list) else str(kind)


def locate_settings() -> str:
    """Every setting of the inversion, with its default."""
    from plumeline.sources import InferenceSettings  # noqa: PLC0415 (slow to import)

    docs = _field_docs(InferenceSettings)
    lines = [
        "# Settings of `plumeline locate`",
        "",
        (
            "Give one with `--set name=value`, or many in a TOML file with `--config`. An unknown name is an error; the effective "
            "values stand in every result's provenance."
        ),
        "",
        "| setting | default | what |",
        "|---|---|---|",
    ]
    lines.extend(
        f"| `{one.name}` | `{one.default}` | {docs.get(one.name, '')} |" for one in fields(InferenceSettings)
    )
    return "\n".join([*lines, ""])


def _field_docs(record: type) -> dict[str, str]:
    """The text under each field of a record."""
    (node,) = ast.parse(inspect.cleandoc(inspect.getsource(record))).body
    docs = {}
    body = getattr(node, "body", [])
    for field, after in itertools.pairwise(body):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
        ):
            docs[ast.unparse(field.target)] = inspect.cleandoc(str(after.value.value)).replace("\n", " ")
    return docs


def benchmarks() -> str:
    """Every stored benchmark: figures beside their targets, and the table of cases."""
    targets = tomllib.loads((ROOT / "benchmarks" / "targets.toml").read_text(encoding="utf-8"))
    lines = [
        "# Benchmarks",
        "",
        (
            "Every figure comes from a committed command, `./run python -m benchmarks NAME`; this page is made from the stored "
            "results in `benchmarks/results`. Targets stand in `benchmarks/targets.toml`; one that is missed is shown as missed."
        ),
        "",
    ]
    for path in sorted((ROOT / "benchmarks" / "results").glob("*.json")):
        record = json.loads(path.read_text(encoding="utf-8"))
        lines += _benchmark_lines(record, targets.get(record["name"], {}))
    never = sorted(set(targets) - {path.stem for path in (ROOT / "benchmarks" / "results").glob("*.json")})
    if never:
        lines += ["## Never run yet", "", *(f"- `{name}`" for name in never), ""]
    return "\n".join(lines)


def _benchmark_lines(record: dict[str, Any], targets: dict[str, dict[str, float]]) -> list[str]:
    machine = record["machine"]
    lines = [
        f"## {record['name']}",
        "",
        (
            f"`./run python -m benchmarks {record['name']}` · commit {record['commit']} · {machine['processor']}, "
            f"{machine['cores']} cores · seeds {', '.join(map(str, record['seeds'])) or 'none'}"
        ),
        "",
        "| figure | value | target | |",
        "|---|---|---|---|",
    ]
    for name, value in record["figures"].items():
        bounds = targets.get(name, {})
        wanted = " and ".join(f"{'≥' if side == 'min' else '≤'} {bound:g}" for side, bound in bounds.items())
        met = bounds.get("min", -float("inf")) <= value <= bounds.get("max", float("inf"))
        lines.append(
            f"| {name} | {_cell(value)} | {wanted} | {('met' if met else '**missed**') if bounds else ''} |"
        )
    lines += [f"| {name} | – | | **missing** |" for name in targets if name not in record["figures"]]
    lines += ["", *(f"- {note}" for note in record["notes"]), ""]
    if record["table"]:
        head = list(record["table"][0])
        lines += ['??? note "Cases"', "", "    | " + " | ".join(head) + " |", "    |" + "---|" * len(head)]
        lines += [
            "    | " + " | ".join(_cell(row.get(key)) for key in head) + " |" for row in record["table"]
        ]
        lines.append("")
    return lines


def _cell(value: Any) -> str:
    text = f"{value:.3g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def decisions() -> str:
    """Index of the decisions."""
    lines = ["# Decisions", "", "Why things are as they are, one page a choice.", ""]
    for path in sorted((DOCS / "decisions").glob("[0-9]*.md")):
        title = re.match(r"#\s*(.*)", path.read_text(encoding="utf-8"))
        lines.append(f"- [{title[1] if title else path.stem}]({path.name})")
    return "\n".join([*lines, ""])
