"""Results on disk: a folder that is whole or absent, with GeoPackage, GeoJSON, NetCDF and one JSON document in it.

In: a `SourceReport`. Out: files in open formats, byte for byte the same for the same report.
"""

from plumeline.store.document import LOCATE_SCHEMA_VERSION, locate_document, locate_schema
from plumeline.store.folder import result_folder
from plumeline.store.geojson import write_geojson
from plumeline.store.geopackage import write_geopackage
from plumeline.store.layers import Layer, enclosing_radius_m, layers_of, rounding_step_m
from plumeline.store.netcdf import write_netcdf
from plumeline.store.qgis import write_styles

__all__ = [
    "LOCATE_SCHEMA_VERSION",
    "Layer",
    "enclosing_radius_m",
    "layers_of",
    "locate_document",
    "locate_schema",
    "result_folder",
    "rounding_step_m",
    "write_geojson",
    "write_geopackage",
    "write_netcdf",
    "write_styles",
]
