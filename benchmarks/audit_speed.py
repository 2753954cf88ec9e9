"""How fast the audit log takes entries when each is its own transaction, fully synchronised to the disk."""

from __future__ import annotations

import importlib
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from benchmarks.results import Figures

if TYPE_CHECKING:
    import argparse

ROUNDS = 5
"""Rounds of ours and of bare SQLite in turn, so that a busy disk hits both; the medians are reported."""


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--entries", type=int, default=2000)
    parser.add_argument("--folder", default=None, help="where the store is put: the disk that is measured")


def run(options: argparse.Namespace) -> Figures:
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))
    casework: Any = importlib.import_module("casework")
    access: Any = importlib.import_module("plumeline.access")
    ledger: Any = importlib.import_module("plumeline.access.ledger")
    merkle: Any = importlib.import_module("plumeline.access.merkle")
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        world = casework.make_world(folder)
        desk = world.desk("A-ANAL01")
        resource = desk.resource(access.Kind.CASE, "C-MEASURE1")
        ours, bare = [], []
        for number in range(ROUNDS):
            began = time.perf_counter()
            for _ in range(options.entries // ROUNDS):
                with desk.session() as session:
                    session.log(access.Verb.VIEW, "measured", resource)
            ours.append((options.entries // ROUNDS) / (time.perf_counter() - began))
            bare.append(_bare(Path(folder) / f"bare{number}.sqlite", options.entries // ROUNDS))
        with desk.session() as session:
            rows = session.audit_rows()
        began = time.perf_counter()
        faults = ledger.chain_faults(rows)
        checked_s = time.perf_counter() - began
        leaves = [leaf for _, leaf, _ in rows]
        began = time.perf_counter()
        proof = merkle.inclusion_proof(leaves, len(leaves) // 3)
        proved_s = time.perf_counter() - began
        with desk.store.engine.connect() as connection:
            raw = connection.connection.dbapi_connection
            synchronous = raw.execute("PRAGMA synchronous").fetchone()[0]
            journal = raw.execute("PRAGMA journal_mode").fetchone()[0]
    return Figures(
        figures={
            "appends_per_second": median(ours),
            "slowest_round_per_second": min(ours),
            "bare_sqlite_per_second": median(bare),
            "verified_per_second": len(rows) / checked_s,
            "inclusion_proof_s": proved_s,
            "chain_faults": float(len(faults)),
        },
        table=[
            {"round": number + 1, "appends per second": one, "bare SQLite per second": other}
            for number, (one, other) in enumerate(zip(ours, bare, strict=True))
        ],
        notes=[
            f"SQLite journal {journal}, synchronous {synchronous} (2 is FULL); one transaction an entry",
            "bare_sqlite_per_second is one insert a transaction of the same size without any of ours: the disk's ceiling",
            f"a proof over {len(leaves)} entries has {len(proof)} hashes",
        ],
    )


def _bare(path: Path, entries: int) -> float:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE a (i INTEGER PRIMARY KEY, data BLOB, leaf BLOB, chain BLOB)")
    began = time.perf_counter()
    for _ in range(entries):
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(
            "INSERT INTO a (data, leaf, chain) VALUES (?, ?, ?)", (bytes(350), bytes(32), bytes(32))
        )
        connection.execute("COMMIT")
    took_s = time.perf_counter() - began
    connection.close()
    return entries / took_s
