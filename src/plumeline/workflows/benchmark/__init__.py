"""The blind benchmark: simulate, infer in a process that sees instrument files only, then open the truth and score.

In: names of suites, a seed, a number of cases. Out: scores per case and suite, and a page with plots.
"""

from plumeline.workflows.benchmark.running import BenchmarkRequest, BenchmarkResult, run_benchmark

__all__ = ["BenchmarkRequest", "BenchmarkResult", "run_benchmark"]
