"""Committed commands behind every figure in the docs: `./run python -m benchmarks NAME`."""
