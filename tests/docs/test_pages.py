"""The documentation says what the code says."""

import re

import click
import pytest

from docs import pages
from plumeline.cli.main import COMMANDS, plumeline
from plumeline.schemas import REGISTRY

ROOT = pages.ROOT


@pytest.fixture(scope="module")
def generated():
    return pages.generated_pages()


def test_every_command_and_option_is_documented_and_has_help():
    text = pages.command_line()

    def walk(command, name):
        assert command.help, name
        assert f"# {name}\n" in text
        for option in command.params:
            if isinstance(option, click.Option):
                assert option.help, f"{name} {option.name}"
                assert max(option.opts, key=len) in text
        for sub in command.commands.values() if isinstance(command, click.Group) else []:
            walk(sub, f"{name} {sub.name}")

    for name in COMMANDS:
        walk(plumeline.get_command(click.Context(plumeline), name), f"plumeline {name}")


def test_every_error_has_a_heading_and_its_exit_code_is_in_both_tables():
    text, codes = pages.error_page(), pages.command_line()
    for error in pages.error_classes():
        assert f"## {error.__name__}\n" in text
        assert re.search(rf"^\| {error.exit_code} \|.*`{error.__name__}`", codes, re.MULTILINE)
        # The tree in the module's docstring is written by hand: it must not lie.
        assert re.search(rf"{error.__name__}\s+(exit code )?{error.exit_code}\b", text), error.__name__


def test_every_schema_variable_is_documented():
    text = pages.datasets()
    for name, schema in REGISTRY.items():
        assert f"## {name}\n" in text
        for variable, what in schema.variables.items():
            assert f"| `{variable}` |" in text
            assert what.doc


def test_every_field_of_the_json_is_documented():
    text = pages.locate_json()

    def names(node):
        for name, child in node.get("properties", {}).items():
            yield name
            yield from names(child.get("items", child))

    from plumeline.store import locate_schema

    schema = locate_schema()
    for part in [schema, *schema["$defs"].values()]:
        for name in names(part):
            assert re.search(rf"`[^`]*\b{name}`", text), name


def test_every_room_has_a_reference_page(generated):
    found = generated
    for room in pages.rooms():
        assert f"::: plumeline.{room}\n" in found[f"reference/api/{room}.md"]


def test_every_decision_is_in_the_index():
    text = pages.decisions()
    for path in (ROOT / "docs" / "decisions").glob("[0-9]*.md"):
        assert f"]({path.name})" in text


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")),
    ],
)
def test_links_between_written_pages_lead_somewhere(page, generated):
    path = ROOT / page
    made = {f"docs/{name}" for name in generated}
    prose = re.sub(
        r"```.*?```|`[^`]*`", "", path.read_text(), flags=re.DOTALL
    )  # a formula may look like a link
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", prose):
        if "://" in target:
            continue
        to = (path.parent / target).resolve()
        assert to.exists() or to.relative_to(ROOT).as_posix() in made, target


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        *sorted(p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").rglob("*.md")),
    ],
)
def test_commands_shown_exist(page):
    for name in re.findall(r"^(?:\./run )?plumeline ([a-z][a-z-]+)", (ROOT / page).read_text(), re.MULTILINE):
        assert name in COMMANDS, name
