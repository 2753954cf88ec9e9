"""`python -m plumeline` is the same as `plumeline`."""

from plumeline.cli import main

main()
