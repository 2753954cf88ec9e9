"""Our stored figures on real releases, as rows that stand beside what others published."""

from __future__ import annotations

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

import plumeline
from plumeline.simulations.scoring import wilson

if TYPE_CHECKING:
    from collections.abc import Mapping

STORED = Path(plumeline.__file__).resolve().parents[2] / "benchmarks" / "results" / "real_releases.json"
"""What `python -m benchmarks real_releases` stored; there in a clone of the repository only."""
SETS = {
    "aded": "ADED 2022",
    "ginninderra": "Ginninderra 2015",
    "chilbolton": "Chilbolton 2017",
    "prairie_grass": "Prairie Grass 1956",
}


def stored_figures(path: Path = STORED) -> dict[str, float]:
    """Our figures on the real sets, as their own benchmark stored them.

    Args:
        path: the stored result.

    Returns:
        Figures by name; none where there is no such file.
    """
    if not path.is_file():
        return {}
    figures: dict[str, float] = json.loads(path.read_text(encoding="utf-8"))["figures"]
    return figures


def rows(ours: Mapping[str, float]) -> list[dict[str, str]]:
    """All that is known of each real set: ours first, then the peers', set by set.

    Args:
        ours: our figures by name.

    Returns:
        Rows with set, name, task, figures and source.
    """
    text = files("plumeline.workflows.benchmark").joinpath("peers.toml").read_text(encoding="utf-8")
    peers: list[dict[str, str]] = tomllib.loads(text)["peer"]
    own = [_own(prefix, title, ours) for prefix, title in SETS.items() if f"{prefix}_found" in ours]
    order = dict.fromkeys([row["set"] for row in own + peers])
    return [row for name in order for row in own + peers if row["set"] == name]


def _own(prefix: str, title: str, ours: Mapping[str, float]) -> dict[str, str]:
    """Our row of one set; shares with 95 % intervals, of the releases, or of those that were found."""

    def of(name: str) -> float:
        return ours[f"{prefix}_{name}"]

    empty = int(ours.get(f"{prefix}_empty_surveys", 0))
    releases = round(of("surveys")) - empty
    found = round(of("found") * releases)
    parts = [
        f"found {_share(of('found'), releases)}",
        f"median {of('location_median_m'):.1f} m, p90 {of('location_p90_m'):.1f} m",
        f"truth in the 90 % region {_share(of('region_90_holds'), found)}",
        f"rate within a factor of two {_share(of('rate_within_2'), found)}",
        f"true rate in its 90 % interval {_share(of('rate_90_holds'), found)}",
        f"{of('false_sources_per_survey'):.2f} false sources per release",
    ]
    if empty:
        parts.append(f"source claimed in {_share(of('empty_claimed'), empty)} of the hours without release")
    return {
        "set": title,
        "name": f"Plumeline ({releases} releases)",
        "task": "unknown number of sources, no candidates",
        "figures": ", ".join([*parts, f"{of('cpu_s_mean'):.0f} CPU s each"]),
        "source": "./run python -m benchmarks real_releases, stored run; settings were chosen with these sets in view",
    }


def _share(share: float, trials: int) -> str:
    low, high = wilson(round(share * trials), trials)
    return f"{100 * share:.0f} % ({100 * low:.0f}–{100 * high:.0f}, n={trials})"
