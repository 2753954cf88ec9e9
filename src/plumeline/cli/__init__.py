"""The command line: parse, call one workflow, render. One file a noun; nothing heavy is imported before its command runs."""

from plumeline.cli.main import main

__all__ = ["main"]
