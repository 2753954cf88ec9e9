"""Run one benchmark, print its table, store its result; `--check` compares the stored results with the targets.

`python -m benchmarks list` names them; `python -m benchmarks NAME [options]` runs one;
`python -m benchmarks --check [NAME …]` exits with 1 when a figure falls short of `benchmarks/targets.toml`.
"""

from __future__ import annotations

import argparse
import importlib
import sys

from benchmarks import results

BENCHMARKS: dict[str, str] = {
    "first_run": "What a stranger waits for: the demo cold and warm, the import of the command line.",
    "blind": "Blind suites: detection, false alarms, coverage, errors, time; compared with the stored baseline.",
    "real_releases": "Location, rate, regions and false sources on real controlled releases.",
    "calibration": "Coverage of regions and rates on blind simulated flights nobody tuned on.",
    "growth": "Cost and memory of the inversion against samples and sources; a 10 Hz flight with three gases.",
    "streaming": "Updates a second and latency of the inversion while readings arrive, and agreement with batch.",
    "kernel_speed": "Source-receptor evaluations a second of the plume kernels.",
    "pyelq": "CPU seconds, errors, ghosts and intervals beside pyELQ on the same tracks and releases.",
    "pyelq_plume": "Our plume against pyELQ's own class on equal parameters.",
    "empty_flights": "How often a source is claimed where none is.",
    "simulation_speed": "Time to simulate a 30-min flight over 300 buildings.",
    "audit_speed": "Audit log: appends per second with full synchronisation, verification, proofs.",
    "crash_safety": "Kill -9 at random points of appends, releases and migrations.",
    "package_integrity": "Flipped bytes in every file and envelope of a package: how many are found.",
    "explanations": "explanations, buildings and activity on blind sites",
    "observations": "Lags, responses, twin sensors, motion-corrected wind and baselines against what is known.",
    "field_validation": "The simulator against Prairie Grass, ADED, Ginninderra and Chilbolton: FAC2, FB, NMSE.",
    "imaging_speed": "Matched filters, ACE and sparse columns on 600,000 pixels, beside the peers.",
    "imaging_truth": "Detection and column bias on short-wave scenes with known plumes, beside the peers.",
    "imaging_limits": "Predicted noise-equivalent columns against Monte Carlo; detection at four times that.",
    "imaging_identification": "Mixtures of one to five of forty and more gases in thermal scenes, and clean scenes.",
    "imaging_product": "From a cube of a given size (1 GB) on disk to the whole product folder: minutes, memory.",
    "imaging_stream": "Lines a second of the stream at 600 columns and 60 bands, one gas and forty.",
    "imaging_rates": "Emission rates by both methods against simulated truth: errors, and how often intervals hold.",
    "spectral_libraries": "Independent absorption records of the same gas against each other.",
    "vent": "The real open-path spectra of a volcanic vent: gases, limits, and what cannot be retrieved.",
    "effective_wind": "Effective wind of the integrated-mass method, fitted to puffing plumes at drone scale.",
    "reader_fuzz": "readers against mutated files: only clear errors may come out",
    "reader_large": "a large CSV: CPU seconds and peak memory",
}
"""Name to what it measures; the module of the same name has `add_options(parser)` and `run(options) -> Figures`."""


SUITES = {
    "imaging": ("vent", "imaging_truth", "imaging_limits", "imaging_rates", "imaging_identification"),
}
"""Several in one go, each with those of the options that it has: real vent spectra and semi-synthetic scenes."""


def main(words: list[str], *, in_suite: bool = False) -> int:
    if words[:1] == ["list"]:
        for name, doc in sorted(BENCHMARKS.items()):
            print(f"{name:24} {doc}")
        for name, parts in SUITES.items():
            print(f"{name:24} {', '.join(parts)}, one after the other")
        return 0
    if words[:1] == ["--check"]:
        return results.check(words[1:] or sorted(BENCHMARKS))
    if words[:1] and words[0] in SUITES:
        return max(main([name, *words[1:]], in_suite=True) for name in SUITES[words[0]])
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("name", choices=sorted(BENCHMARKS))
    name = parser.parse_args(words[:1]).name
    module = importlib.import_module(f"benchmarks.{name}")
    options = argparse.ArgumentParser(prog=f"benchmarks {name}", description=module.__doc__)
    options.add_argument("--check", action="store_true", help="exit with 1 when a figure falls short")
    options.add_argument(
        "--no-store", action="store_true", help="print only; do not write benchmarks/results"
    )
    module.add_options(options)
    chosen = options.parse_known_args(words[1:])[0] if in_suite else options.parse_args(words[1:])
    figures = module.run(chosen)
    results.show(name, figures)
    if not chosen.no_store:
        results.store(name, figures)
    return results.compare(name, figures) if chosen.check else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
