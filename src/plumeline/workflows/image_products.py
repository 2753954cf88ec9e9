"""A scene's result as files: COG layers, GeoPackage, KML, plume origins for the inversion, JSON and a report.

The folder holds gas products, limits and hashes. It holds no radiance and no picture of the ground.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
import xarray as xr
from pyproj import CRS, Transformer

from plumeline.detections.origin import PLUME_ORIGIN, origin_region, position_covariance
from plumeline.errors import RefusedError
from plumeline.store import result_folder
from plumeline.workflows.image import process_scenes
from plumeline.workflows.image_kml import named, polygons, write_kml
from plumeline.workflows.image_layers import write_layers
from plumeline.workflows.image_report import write_report

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.detections import Amount
    from plumeline.instruments.cubes import MapGrid
    from plumeline.workflows.image_result import ImagePlume, ImageResult, Judgement
    from plumeline.workflows.image_setup import ImageRequest

    Flags = NDArray[np.bool_]

LOCAL_CRS = (
    'ENGCRS["Image frame: metres east and north of the first pixel",EDATUM["Image corner"],'
    'CS[Cartesian,2],AXIS["(E)",east],AXIS["(N)",north],LENGTHUNIT["metre",1]]'
)
FIXED_DATE = "1970-01-01T00:00:00.000Z"
"""Stands where GeoPackage wants the time of the last change: the same scene gives the same bytes."""


def write_products(result: ImageResult, folder: Path, *, force: bool = False) -> list[str]:
    """Write all products of a scene into a folder that appears whole or not at all.

    Args:
        result: the scene's result.
        folder: where it shall stand.
        force: replace an existing folder.

    Returns:
        Names of the files written.

    Raises:
        OutputError: the folder exists, or something cannot be written.
    """
    shapes = [(plume, *plume_shapes(result, plume)) for plume in result.plumes]
    with result_folder(folder, force=force) as partial:
        layers = partial / "layers"
        layers.mkdir()
        write_layers(result, layers)
        if shapes:
            _write_geopackage(partial / "plumes.gpkg", result, shapes)
        if shapes and result.cube.grid is not None:
            write_kml(partial, result, shapes)
        if shapes:
            _origins(result, shapes).to_netcdf(partial / "plume_origins.nc", engine="h5netcdf")
        (partial / "image.json").write_text(
            json.dumps(document(result), indent=1, sort_keys=True, ensure_ascii=False) + "\n", "utf-8"
        )
        write_report(result, partial / "report.html")
        return sorted(str(p.relative_to(partial)) for p in partial.rglob("*") if p.is_file())


def write_all(
    requests: Sequence[ImageRequest],
    folder: Path,
    *,
    force: bool = False,
    progress: Callable[[str, float], None] = lambda *_: None,
    told: Callable[[str, ImageResult], None] = lambda *_: None,
) -> tuple[list[Path], list[tuple[str, str]]]:
    """Search several scenes together and write a folder for each into one that appears whole or not at all.

    Args:
        requests: the scenes.
        folder: where the folders shall stand.
        force: replace an existing folder.
        progress: called with what is done and the share of the work so far.
        told: called with each folder's name and its result.

    Returns:
        The folder of each scene, and names of those of which nothing can be said, each with the reason.

    Raises:
        InputError: a scene or the library cannot be used.
        RefusedError: nothing can be said of any of them.
        OutputError: the folder exists, or something cannot be written.
    """
    names = _folder_names([request.scene.stem for request in requests])
    refused: list[tuple[str, str]] = []
    judged: Judgement | None = None
    with result_folder(folder, force=force) as partial:
        for name, result in zip(names, process_scenes(requests, progress=progress), strict=True):
            if isinstance(result, RefusedError):
                refused.append((name, result.what))
                continue
            judged = result.judged
            write_products(result, partial / name)
            told(name, result)
        if judged is None:
            raise RefusedError("; ".join(f"{name}: {why}" for name, why in refused))
        summary = {
            "status": "screening, not validated",
            "scenes": [name for name in names if name not in dict(refused)],
            "refused": dict(refused),
            "false_discovery": asdict(judged),
        }
        (partial / "scenes.json").write_text(
            json.dumps(summary, indent=1, ensure_ascii=False) + "\n", "utf-8"
        )
    return [folder / name for name in names], refused


def _folder_names(stems: Sequence[str]) -> list[str]:
    """Names that differ, for scenes that may be called alike in different folders."""
    names: list[str] = []
    for stem in stems:
        name, number = stem, 2
        while name in names:
            name, number = f"{stem}-{number}", number + 1
        names.append(name)
    return names


def plume_shapes(result: ImageResult, plume: ImagePlume) -> tuple[shapely.Geometry, shapely.Geometry]:
    """Outline of a plume and region of its origin, in the CRS of the scene's map (metres of the image without one).

    Args:
        result: the scene's result.
        plume: one of its plumes.

    Returns:
        Outline and origin region.
    """
    grid = result.cube.grid
    mask: Flags = plume.scene_mask((result.cube.shape[0], result.cube.shape[1]))
    if grid is not None:
        mask = np.asarray(grid.on_grid(mask.astype(np.uint8), fill=0)) > 0
    height, width = result.pixel_m or (1.0, 1.0)
    line, sample = np.nonzero(mask)
    boxes = shapely.box(sample * width, -(line + 1) * height, (sample + 1) * width, -line * height)
    outline = shapely.union_all(boxes)
    region = origin_region(mask, (height, width), result.wind)
    return _placed(outline, grid, (height, width)), _placed(region, grid, (height, width))


def document(result: ImageResult) -> dict[str, Any]:
    """The result as plain values, for `image.json`.

    Args:
        result: the scene's result.

    Returns:
        Nested plain values.
    """
    plumes = []
    for plume in result.plumes:
        found = plume.found.identification
        plumes.append({
            "label": plume.label,
            "pixels": plume.found.plume.pixels,
            "peak_sigma": round(plume.found.plume.peak_sigma, 2),
            "candidates": []
            if found is None
            else [
                {
                    "gases": list(one.gases),
                    "probability": round(one.probability, 4),
                    "column_ppm_m": round(one.column_ppm_m, 3),
                    "sigma_ppm_m": round(one.sigma_ppm_m, 3),
                }
                for one in found.candidates
            ],
            "abstained": plume.found.remark if found is None else found.abstained,
            "amounts": [
                {
                    "gas": one.gas,
                    "mass_kg": _interval(one.mass_kg),
                    "rate_ime_kg_s": _interval(one.rate_ime_kg_s),
                    "rate_csf_kg_s": _interval(one.rate_csf_kg_s),
                    "area_m2": round(one.area_m2, 2),
                }
                for one in plume.amounts
            ],
        })
    limit = np.nanmedian(result.limit_ppm_m, axis=1)
    return {
        "status": "screening, not validated",
        "scene": result.cube.name,
        "plumes": plumes,
        "limits_ppm_m": {
            gas.gas: float(f"{value:.4g}") if np.isfinite(value) else None
            for gas, value in zip(result.gases, limit, strict=True)
        },
        "false_discovery": asdict(result.judged),
        "cannot_be_seen": dict(result.unseen),
        "warnings": list(result.warnings),
        "provenance": result.provenance.as_dict(),
        "provenance_digest": result.provenance.digest,
    }


def _interval(amount: Amount | None) -> list[float] | None:
    if amount is None:
        return None
    return [float(f"{value:.4g}") for value in (amount.value, amount.low, amount.high)]


def _placed(shape: shapely.Geometry, grid: MapGrid | None, pixel_m: tuple[float, float]) -> shapely.Geometry:
    """From metres east and north of the grid's corner into the grid's CRS."""
    if grid is None:
        return shape
    east, north = grid.pixel[0] / pixel_m[1], grid.pixel[1] / pixel_m[0]

    def move(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.stack([grid.west + points[:, 0] * east, grid.north + points[:, 1] * north], axis=1)

    return shapely.transform(shape, move)


Shapes = list[tuple["ImagePlume", shapely.Geometry, shapely.Geometry]]


def _write_geopackage(path: Path, result: ImageResult, shapes: Shapes) -> None:
    import pyogrio  # noqa: PLC0415 (slow to import)

    crs = LOCAL_CRS if result.cube.grid is None else result.cube.grid.crs
    fields = ["label", "gases", "pixels", "peak_sigma"]
    columns: list[Any] = [
        np.asarray([plume.label for plume, _, _ in shapes], dtype="O"),
        np.asarray([named(plume) for plume, _, _ in shapes], dtype="O"),
        np.asarray([plume.found.plume.pixels for plume, _, _ in shapes]),
        np.asarray([plume.found.plume.peak_sigma for plume, _, _ in shapes]),
    ]
    pyogrio.set_gdal_config_options({"OGR_CURRENT_DATE": FIXED_DATE})
    tables = {
        "plumes": [outline for _, outline, _ in shapes],
        "plume_origins_region": [region for _, _, region in shapes],
    }
    for layer, outlines in tables.items():
        pyogrio.raw.write(
            str(path),
            geometry=shapely.to_wkb([shapely.MultiPolygon(polygons(one)) for one in outlines]),
            field_data=columns,
            fields=fields,
            layer=layer,
            driver="GPKG",
            geometry_type="MultiPolygon",
            crs=crs,
            append=path.exists(),
        )


def _origins(result: ImageResult, shapes: Shapes) -> xr.Dataset:
    species = sorted(result.columns_ppm_m)
    rate = np.full((len(shapes), len(species)), np.nan)
    spread = np.full_like(rate, np.nan)
    for row, (plume, _, _) in enumerate(shapes):
        for amount in plume.amounts:
            chosen = amount.rate_csf_kg_s or amount.rate_ime_kg_s
            if chosen is not None and chosen.value > 0:
                rate[row, species.index(amount.gas)] = chosen.value
                spread[row, species.index(amount.gas)] = np.log(chosen.high / chosen.low) / (2 * 1.6449)
    regions, crs = _in_metres([region for _, _, region in shapes], result.cube.grid)
    centre = np.array([shapely.get_coordinates(shapely.centroid(region))[0] for region in regions])
    covariance = np.stack([position_covariance(region) for region in regions])
    dataset = xr.Dataset(
        {
            "x": ("plume", centre[:, 0], {"units": "m"}),
            "y": ("plume", centre[:, 1], {"units": "m"}),
            "position_covariance": (("plume", "axis", "axis_too"), covariance, {"units": "m2"}),
            "rate": (("plume", "species"), rate, {"units": "kg s-1"}),
            "rate_log_sigma": (("plume", "species"), spread, {"units": "1"}),
        },
        coords={
            "plume": np.asarray([plume.label for plume, _, _ in shapes], dtype="O"),
            "species": np.asarray(species, dtype="O"),
        },
        attrs={"source": result.cube.name, "provenance": result.provenance.digest, "crs": crs},
    )
    return PLUME_ORIGIN.validate(dataset)


def _in_metres(regions: list[shapely.Geometry], grid: MapGrid | None) -> tuple[list[shapely.Geometry], str]:
    """Regions in metres, and in which reference system; a map in degrees or feet goes to the UTM zone of its corner."""
    if grid is None:
        return regions, LOCAL_CRS
    own = CRS.from_user_input(grid.crs)
    if own.is_projected and all(axis.unit_conversion_factor == 1.0 for axis in own.axis_info):
        return regions, grid.crs
    lon, lat = Transformer.from_crs(own, "OGC:CRS84", always_xy=True).transform(grid.west, grid.north)
    zone = f"EPSG:{326 if lat >= 0 else 327}{int((lon + 180.0) // 6.0) % 60 + 1:02d}"
    move = Transformer.from_crs(own, zone, always_xy=True)

    def moved(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(move.transform(points[:, 0], points[:, 1]))

    return [shapely.transform(region, moved) for region in regions], zone
