"""Our plume against values that pyELQ 1.2.7's own `GaussianPlume` gave.

The table was made by `python -m benchmarks pyelq_plume --cases 90 --write tests/atmosphere/data/pyelq_plume.csv`, which
also says how the two conventions are brought to equal parameters, and runs against the live pyELQ.
"""

import csv
import math
from pathlib import Path

import pytest
from benchmarks.pyelq_plume import COLUMNS, our_coupling, their_sigmas

TABLE = Path(__file__).parent / "data" / "pyelq_plume.csv"


def rows():
    with TABLE.open(encoding="utf-8", newline="") as stream:
        return [{key: float(value) for key, value in row.items()} for row in csv.DictReader(stream)]


def test_on_equal_parameters_our_plume_is_pyelqs_to_a_millionth():
    downwind = [row for row in rows() if row["coupling"] > 0]
    assert len(downwind) > 60
    assert {row["draxler"] for row in downwind} == {0.0, 1.0}
    for row in downwind:
        ours = our_coupling({name: row[name] for name in COLUMNS})
        assert ours == pytest.approx(row["coupling"], rel=1e-6)


def test_both_give_nothing_upwind():
    upwind = [row for row in rows() if row["coupling"] == 0]
    assert upwind
    for row in upwind:
        assert row["x"] * row["u"] + row["y"] * row["v"] < 0
        assert our_coupling({name: row[name] for name in COLUMNS}) == 0.0


def test_the_table_is_the_formula_that_its_conventions_say():
    # Stockie's plume with pyELQ's sigmas written out: the table is no copy of ours.
    for row in rows():
        if row["coupling"] == 0:
            continue
        speed = math.hypot(row["u"], row["v"])
        across = (row["y"] * row["u"] - row["x"] * row["v"]) / speed
        sy, sz = their_sigmas(row)
        tall = sum(math.exp(-0.5 * ((row["z"] + sign * row["height"]) / sz) ** 2) for sign in (-1, 1))
        expected = math.exp(-0.5 * (across / sy) ** 2) * tall / (2 * math.pi * speed * sy * sz)
        assert row["coupling"] == pytest.approx(expected, rel=1e-9)
