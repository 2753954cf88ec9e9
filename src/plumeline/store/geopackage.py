"""GeoPackage of a result: one table a layer, styles inside so that QGIS opens it drawn, provenance as a table.

References: OGC 12-128r19 (GeoPackage 1.4); QGIS documentation, "layer_styles" table.
"""

from __future__ import annotations

import errno
import json
import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from plumeline.store.geojson import on_earth
from plumeline.store.qgis import layer_style

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from plumeline.sources import SourceReport
    from plumeline.store.layers import Layer

FIXED_DATE = "1970-01-01T00:00:00.000Z"
"""Stands where GeoPackage wants the time of the last change: the same report gives the same bytes."""

EARTH_CRS = "EPSG:4326"
LOCAL_CRS = (
    'ENGCRS["Local east-north frame of a survey, no place on Earth known",EDATUM["Survey origin"],'
    'CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]'
)
GEOMETRY_COLUMN = "geom"


def write_geopackage(report: SourceReport, layers: tuple[Layer, ...], path: Path) -> None:
    """Write every layer, its QGIS style and the provenance.

    Args:
        report: what an inversion says.
        layers: its layers.
        path: the file to write.

    Raises:
        OSError: the file cannot be written.
    """
    import pyogrio  # noqa: PLC0415 (slow to import)

    frame = report.survey.frame
    with _fixed_date(pyogrio), warnings.catch_warnings():
        # pyogrio warns that a table has no CRS; a table without places needs none.
        warnings.filterwarnings("ignore", message=".*crs.*", category=UserWarning)
        try:
            for number, layer in enumerate(layers):
                pyogrio.raw.write(
                    str(path),
                    geometry=shapely.to_wkb(on_earth(layer.geometry, frame)),
                    field_data=[_column(values) for values in layer.fields.values()],
                    fields=np.array(list(layer.fields), dtype=object),
                    layer=layer.name,
                    driver="GPKG",
                    geometry_type=layer.geometry_type,
                    crs=EARTH_CRS if frame.is_placed else LOCAL_CRS,
                    append=number > 0,
                    layer_options={"GEOMETRY_NAME": GEOMETRY_COLUMN, "DESCRIPTION": layer.doc},
                )
            _write_table(pyogrio, path, "layer_styles", _style_columns(layers), key="id")
            _write_table(pyogrio, path, "provenance", _provenance_columns(report), key="fid")
        except RuntimeError as error:  # the base of all that pyogrio raises
            raise OSError(errno.EIO, f"{path.name}: {error}") from error


@contextmanager
def _fixed_date(pyogrio: Any) -> Iterator[None]:
    before = pyogrio.get_gdal_config_option("OGR_CURRENT_DATE")
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    try:
        yield
    finally:
        pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": before})


def _column(values: Any) -> Any:
    if values.dtype.kind == "M":
        return values.astype("datetime64[ms]")
    return values


def _write_table(pyogrio: Any, path: Path, name: str, columns: dict[str, list[Any]], *, key: str) -> None:
    pyogrio.raw.write(
        str(path),
        geometry=None,
        field_data=[
            np.array(values, dtype=object if isinstance(values[0], str) else None)
            for values in columns.values()
        ],
        fields=np.array(list(columns), dtype=object),
        layer=name,
        driver="GPKG",
        geometry_type=None,
        crs=None,
        append=True,
        layer_options={"FID": key},
    )


def _style_columns(layers: tuple[Layer, ...]) -> dict[str, list[Any]]:
    names = [layer.name for layer in layers]
    blank = [""] * len(names)
    return {
        "f_table_catalog": blank,
        "f_table_schema": blank,
        "f_table_name": names,
        "f_geometry_column": [GEOMETRY_COLUMN] * len(names),
        "styleName": names,
        "styleQML": [layer_style(layer) for layer in layers],
        "styleSLD": blank,
        "useAsDefault": [True] * len(names),
        "description": [layer.doc for layer in layers],
        "owner": blank,
        "ui": blank,
        "update_time": [FIXED_DATE] * len(names),
    }


def _provenance_columns(report: SourceReport) -> dict[str, list[Any]]:
    made = {} if report.provenance is None else report.provenance.as_dict()
    rows = {key: json.dumps(value, sort_keys=True, ensure_ascii=False) for key, value in made.items()}
    rows["survey"] = report.survey.name
    return {"name": list(rows), "value": list(rows.values())}
