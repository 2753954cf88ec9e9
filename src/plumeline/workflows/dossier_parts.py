"""The supplied parts of a case's dossier: made from results, with what a file says instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.access.guard import Verb
from plumeline.access.records import from_plain, to_plain
from plumeline.cases.sections import Sections
from plumeline.errors import InputError
from plumeline.workflows.review import read_case, set_sections

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.cases.case import Case
    from plumeline.workflows.assess import AssessRequest, SiteAssessment
    from plumeline.workflows.desk import Desk


def write_parts(
    desk: Desk, case_id: str, request: AssessRequest | None, instead: Mapping[str, Any]
) -> Sections:
    """Make the supplied parts of a dossier and write them.

    Args:
        desk: an analyst's.
        case_id: which case.
        request: flights to make them from, with what stands beside them; None to take all from `instead`.
        instead: parts as plain values that replace the made ones.

    Returns:
        What was written.

    Raises:
        AccessError: the case is hidden, not there or not permitted.
        RefusedError: the case is concluded already.
        InputError: the results say nothing of the case's place, or a part is not valid.
    """
    if not isinstance(instead, dict):
        raise InputError("the parts are one JSON object", remedy="see the page on cases")
    made: dict[str, Any] = {}
    if request is not None:
        from plumeline.workflows.assess import assess  # noqa: PLC0415 (slow to import)
        from plumeline.workflows.supplied import sections_of  # noqa: PLC0415

        with desk.session() as session:
            _, case = read_case(session, case_id, Verb.ANNOTATE)
        made = to_plain(sections_of(_site_of(case, assess(request)).responder))
    written = from_plain(Sections, made | dict(instead), where="sections")
    set_sections(desk, case_id, written)
    return written


def _site_of(case: Case, sites: tuple[SiteAssessment, ...]) -> SiteAssessment:
    """The site where the case's first finding lies.

    Raises:
        InputError: no site lies there.
    """
    region = case.dossier.findings[0].region_90
    for found in sites:

        def to_degrees(corners: Any, found: SiteAssessment = found) -> Any:
            return np.column_stack(found.site.frame.to_lonlat(corners[:, 0], corners[:, 1]))

        if found.site.frame.is_placed and shapely.intersects(
            region, shapely.transform(found.site.region_90.shape, to_degrees)
        ):
            return found
    raise InputError(
        "the results say nothing of the place of this case", remedy="give the result that it was opened with"
    )
