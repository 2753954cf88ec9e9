"""Every byte counts: flips in the sealed file, in the archive, and in each file of the opened package.

The sealed file and the archive are flipped at random positions; every file inside (payload, manifests, statement,
envelope, signatures, keys) is flipped at positions of its own and checked as an opened folder would be, so that the
encryption and the archive's own form cannot hide a file that nothing covers.
"""

from __future__ import annotations

import importlib
import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.results import Figures
from plumeline.errors import PlumelineError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--flips", type=int, default=60, help="per file inside; ten times as many in the archive"
    )
    parser.add_argument("--seed", type=int, default=1)


def run(options: argparse.Namespace) -> Figures:
    tests = Path(__file__).parents[1] / "tests"
    sys.path[:0] = [str(tests), str(tests / "packages")]
    made: Any = importlib.import_module("test_package")
    packages: Any = importlib.import_module("plumeline.packages")
    verify: Any = importlib.import_module("plumeline.packages.verify")
    bag_room: Any = importlib.import_module("plumeline.packages.bag")
    keys: Any = importlib.import_module("plumeline.access.keys")
    chance = random.Random(options.seed)  # noqa: S311 (positions, not secrets)
    tar: bytes = made.signed(packages.bag_of(made.casework.content(), made.RECEIPT))
    secret = keys.new_actor_keys("A-READER").sealing
    sealed = packages.seal(tar, [str(secret.to_public())])
    _, files = bag_room.unpack(tar)

    def as_sealed(data: bytes) -> None:
        packages.verify_package(data, made.CARD, identity=str(secret))

    def as_archive(data: bytes) -> None:
        packages.verify_package(data, made.CARD, identity=None)

    rows = [
        _row("sealed file (age)", sealed, 10 * options.flips, chance, as_sealed),
        _row("archive (tar)", tar, 10 * options.flips, chance, as_archive),
    ]
    for name, content in sorted(files.items()):

        def in_folder(data: bytes, name: str = name) -> None:
            verify.verify_files({**files, name: data}, made.CARD)

        rows.append(_row(name, content, min(options.flips, 8 * len(content)), chance, in_folder))
    return Figures(
        figures={
            "positions": float(sum(row["flips"] for row in rows)),
            "undetected": float(sum(row["undetected"] for row in rows)),
            "files": float(len(files)),
        },
        table=rows,
        seeds=[options.seed],
    )


def _row(
    name: str, content: bytes, flips: int, chance: random.Random, check: Callable[[bytes], None]
) -> dict[str, Any]:
    check(content)  # the unchanged one passes, or the figures mean nothing
    missed = 0
    for bit in chance.sample(range(8 * len(content)), flips):
        changed = bytearray(content)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            check(bytes(changed))
        except PlumelineError:
            continue
        missed += 1
    return {"what": name, "bytes": len(content), "flips": flips, "undetected": missed}
