"""Writing assessed sites: a document, and a page and a responder sheet in two languages each; all or none."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from plumeline.errors import InputError
from plumeline.facilities import sheet_html, sheet_pdf
from plumeline.store import result_folder
from plumeline.workflows.site import page_name, site_document, site_page

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from plumeline.facilities import Language
    from plumeline.workflows.assess import SiteAssessment

LANGUAGES: tuple[Language, ...] = ("en", "es")


def write_sites(
    sites: Sequence[SiteAssessment], output: Path, *, force: bool = False, with_pdf: bool = True
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Write every site's files.

    Args:
        sites: the assessed sites.
        output: folder to make.
        force: whether an existing folder is replaced (and kept as a backup).
        with_pdf: whether the responder sheets are also printed.

    Returns:
        Names of the files written, and why something was left out.

    Raises:
        OutputError: the folder cannot be written.
    """
    left_out: list[str] = []
    with result_folder(output, force=force) as folder:
        for found in sites:
            label = found.site.label
            text = json.dumps(site_document(found), indent=1, ensure_ascii=False, allow_nan=False)
            (folder / f"site-{label}.json").write_text(text + "\n", encoding="utf-8")
            for language in LANGUAGES:
                page = folder / page_name(label, language)
                page.write_text(site_page(found, language), encoding="utf-8")
                stem = f"responder-{label}.{language}"
                (folder / f"{stem}.html").write_text(sheet_html(found.responder, language), encoding="utf-8")
                if not with_pdf:
                    continue
                try:
                    (folder / f"{stem}.pdf").write_bytes(sheet_pdf(found.responder, language))
                except InputError as error:
                    left_out.append(f"{stem}.pdf: {error}")
        files = tuple(sorted(path.name for path in folder.iterdir()))
    return files, tuple(left_out)
