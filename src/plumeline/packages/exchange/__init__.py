"""What a package's findings look like in other people's formats.

In: a `Content`. Out: bytes of one file each, the same for the same content. Every one carries the marking and, for
an exercise, says so; a format that wants a point gets a coarse circle that covers the 90 % region.
"""

from plumeline.packages.exchange.circle import CoarseCircle, coarse_circle
from plumeline.packages.exchange.geo import geojson, geopackage, kml
from plumeline.packages.exchange.graphs import case_uco, prov_json, ro_crate
from plumeline.packages.exchange.messages import cursor_on_target, stix

__all__ = [
    "CoarseCircle",
    "case_uco",
    "coarse_circle",
    "cursor_on_target",
    "geojson",
    "geopackage",
    "kml",
    "prov_json",
    "ro_crate",
    "stix",
]
