"""The report: one HTML page that needs no network, no server and no other file.

In: a `SourceReport`, optionally a basemap and a known truth. Out: the page's text, the same for the same input.
"""

from plumeline.workflows.report.page import render_report

__all__ = ["render_report"]
