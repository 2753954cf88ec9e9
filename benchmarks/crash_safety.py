"""Kill -9 at random points of appends, releases and migrations: nothing acknowledged is lost, nothing is half there.

A forked worker acts on a case store and acknowledges every finished step by a line on a pipe; it is killed after a
random number of steps and a random moment more. The store is then opened again and every history folded, the audit log checked against its chain, every
acknowledged step looked for, and every release is either sealed with its package, clock and case event, or none of it.
"""

from __future__ import annotations

import importlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

TESTS = Path(__file__).parents[1] / "tests"


@dataclass
class Killed:
    """What the rounds found."""

    faults: list[str] = field(default_factory=list)
    appended: int = 0
    sealed: int = 0
    migrated: int = 0
    stages: dict[str, int] = field(default_factory=dict)


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--rounds", type=int, default=220)
    parser.add_argument("--seed", type=int, default=1)


def run(options: argparse.Namespace) -> Figures:
    with tempfile.TemporaryDirectory() as folder:
        found = kill_rounds(Path(folder), rounds=options.rounds, seed=options.seed)
    return Figures(
        figures={
            "kills": float(options.rounds),
            "faults": float(len(found.faults)),
            "acknowledged_appends": float(found.appended),
            "sealed_releases": float(found.sealed),
            "finished_migrations": float(found.migrated),
        },
        table=[{"stage at the kill": name, "kills": count} for name, count in sorted(found.stages.items())],
        seeds=[options.seed],
        notes=found.faults[:5],
    )


def kill_rounds(folder: Path, *, rounds: int, seed: int) -> Killed:
    """Kill a working child `rounds` times and check the store after each."""
    sys.path.insert(0, str(TESTS))
    chance = random.Random(seed)  # noqa: S311 (moments of death, not secrets)
    found = Killed()
    template = folder / "template"
    template.mkdir()
    _prepare(template)
    found_store = folder / "store"
    shutil.copytree(template, found_store)
    for number in range(rounds):
        mode = ("append", "release", "migrate")[number % 3]
        target = found_store
        if mode == "migrate":
            target = folder / f"empty{number}"
            target.mkdir()
        elif number % 30 == 0:
            shutil.rmtree(found_store)
            shutil.copytree(template, found_store)
        acknowledged = _round(mode, target, chance, found)
        _check(mode, target, acknowledged, found)
    return found


def _prepare(folder: Path) -> None:
    casework: Any = importlib.import_module("casework")  # the tests' own world

    world = casework.make_world(str(folder), partner_keys=_keys())
    case = casework.concluded_case(world)
    world.desk("A-CUST01").store.engine.dispose()
    secrets = {badge: [keys.signing.seed.hex(), str(keys.sealing)] for badge, keys in world.keys.items()}
    (folder / "keys.json").write_text(json.dumps({"case": case, "keys": secrets}))


def _keys() -> tuple[tuple[str], tuple[str]]:
    from plumeline.access.keys import new_actor_keys  # noqa: PLC0415

    first, second = (str(new_actor_keys("A-XXXX").sealing.to_public()) for _ in range(2))
    return (first,), (second,)


def _round(mode: str, target: Path, chance: random.Random, found: Killed) -> list[str]:
    """Fork a worker that has everything loaded, wait for some of its steps and a moment more, and kill it."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            _work(mode, target, writing)
        finally:
            os._exit(1)
    os.close(writing)
    steps = chance.randrange({"append": 6, "release": 7, "migrate": 1}[mode])
    lines: list[str] = []
    with os.fdopen(reading) as stream:
        lines.extend(line for line in (stream.readline().strip() for _ in range(steps)) if line)
        time.sleep(chance.uniform(0.0, 0.08))
        os.kill(child, signal.SIGKILL)
        lines += stream.read().split("\n")[:-1]
    os.waitpid(child, 0)
    stage = f"{mode}, after {lines[-1].split()[0] if lines else 'nothing'}"
    found.stages[stage] = found.stages.get(stage, 0) + 1
    return lines


def _check(mode: str, target: Path, acknowledged: list[str], found: Killed) -> None:
    if mode == "migrate":
        _check_migration(target, acknowledged, found)
        return
    from plumeline.access.guard import Kind, Verb  # noqa: PLC0415
    from plumeline.access.ledger import chain_faults  # noqa: PLC0415
    from plumeline.cases.case import fold  # noqa: PLC0415

    desk = _desk(target, "A-RELS01")
    case_id = json.loads((target / "keys.json").read_text())["case"]
    with desk.session() as session:
        if chain_faults(session.audit_rows()):
            found.faults.append("the audit log's chain is broken")
        head = session.need(Verb.VIEW, case_id, kind=Kind.CASE)
        case = fold(case_id, session.history(head))
        notes = [r.event.text for r in session.history(head) if type(r.event).__name__ == "NoteAdded"]
        lost = [line for line in acknowledged if line.startswith("note ") and line[5:] not in notes]
        if lost:
            found.faults.append(f"acknowledged and lost: {lost}")
        found.appended += sum(line.startswith("note ") for line in acknowledged)
        _check_releases(session, case, acknowledged, found)
    desk.store.engine.dispose()


def _check_releases(session: Any, case: Any, acknowledged: list[str], found: Killed) -> None:
    out = {recorded.event.release: recorded.event.handover for recorded in case.releases}
    from plumeline.access.guard import Kind  # noqa: PLC0415

    clocks = {head.id for head in session.find(Kind.HANDOVER)}
    for head in session.find(Kind.RELEASE):
        sealed = head.state == "sealed"
        whole = head.id in out and out[head.id] in clocks
        if sealed != whole:
            found.faults.append(f"half a release: {head.id} is {head.state}")
        if sealed:
            session.blob(head, "package.age", locked=False)
    done = [line[7:] for line in acknowledged if line.startswith("sealed ")]
    found.sealed += len(done)
    found.faults.extend(f"sealed and lost: {each}" for each in done if each not in out)


def _check_migration(target: Path, acknowledged: list[str], found: Killed) -> None:
    from sqlalchemy import text  # noqa: PLC0415

    from plumeline.store.cases_engine import connect, migrate, transaction  # noqa: PLC0415
    from plumeline.workflows.desk import store_url  # noqa: PLC0415

    engine = connect(store_url(target))
    with transaction(engine) as connection:
        names = set(connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'")).scalars())
        part = {"stream", "event", "audit", "stream_box"} & names
        if part and len(part) != 4:
            found.faults.append(f"half a migration: {sorted(part)}")
        if "migrated" in acknowledged and not part:
            found.faults.append("migrated and lost")
    migrate(engine)
    engine.dispose()
    found.migrated += "migrated" in acknowledged
    shutil.rmtree(target)


def _desk(target: Path, badge: str) -> Any:
    import pyrage  # noqa: PLC0415

    from plumeline.access.keys import ActorKeys, SigningKey  # noqa: PLC0415
    from plumeline.workflows.desk import open_desk  # noqa: PLC0415

    seed, sealing = json.loads((target / "keys.json").read_text())["keys"][badge]
    keys = ActorKeys(badge, SigningKey(bytes.fromhex(seed)), pyrage.x25519.Identity.from_str(sealing))
    return open_desk(target, keys, clock=_later)


def _later() -> datetime:
    """The real time of day within the authority's window, so that the log's times never run backwards."""
    return datetime.fromtimestamp(time.time() % 86_400 / 100 + 1_772_600_000, tz=UTC)


def _work(mode: str, target: Path, pipe: int) -> None:
    """Work until killed; every finished step is said on the pipe."""
    casework: Any = importlib.import_module("casework")
    from plumeline.packages import release as packing  # noqa: PLC0415
    from plumeline.store.cases_engine import connect, migrate  # noqa: PLC0415
    from plumeline.workflows import release, review  # noqa: PLC0415
    from plumeline.workflows.desk import store_url  # noqa: PLC0415

    def say(line: str) -> None:
        os.write(pipe, f"{line}\n".encode())

    connect.cache_clear()  # a connection does not survive a fork
    if mode == "migrate":
        migrate(connect(store_url(target)))
        say("migrated")
        time.sleep(60)
        return
    vars(packing)["dossier_pdf"] = lambda *_: (
        b"%PDF drawn elsewhere"
    )  # drawing pages takes the time that is to be hit
    case = json.loads((target / "keys.json").read_text())["case"]
    analyst, releaser = _desk(target, "A-ANAL01"), _desk(target, "A-RELS01")
    for number in range(1_000_000):
        if mode == "append":
            text = f"note {os.getpid()} of {number}"
            review.add_note(analyst, case, text)
            say(f"note {text}")
            continue
        prepared = release.prepare_release(releaser, case, (casework.PARTNER, casework.OTHER)[number % 2])
        say("prepared")
        release.sign_release(analyst, prepared)
        say("signed")
        release.sign_release(releaser, prepared)
        say("signed")
        release.seal_release(releaser, prepared)
        say(f"sealed {prepared}")
