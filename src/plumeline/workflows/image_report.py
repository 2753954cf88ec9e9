"""One page that says what a scene holds, what it could not have shown, and on what evidence."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from plumeline.detections import Amount
    from plumeline.workflows.image_result import ImagePlume, ImageResult

    Floats = NDArray[np.float64]

STYLE = """
body{font:15px/1.5 system-ui,sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1b1f24}
table{border-collapse:collapse;margin:.5rem 0}td,th{padding:.15rem .7rem;border-bottom:1px solid #d8dde3;text-align:left}
td.n{text-align:right;font-variant-numeric:tabular-nums}.banner{background:#fff4d6;padding:.6rem 1rem;border-left:4px solid #c98a00}
svg{width:100%;height:auto}.measured{fill:none;stroke:#1b1f24;stroke-width:1.2}.model{fill:none;stroke:#c0392b;stroke-width:1.5}
.sigma{fill:#cfd8e3;opacity:.7}.note{color:#59636e;font-size:13px}
"""
WIDTH, HEIGHT, PAD = 900.0, 230.0, 34.0


def write_report(result: ImageResult, path: Path) -> None:
    """Write the page; it needs nothing from anywhere else.

    Args:
        result: the scene's result.
        path: the `.html` file.
    """
    lines, samples, bands = result.cube.shape
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        f"<title>{_text(result.cube.name)}: plumes</title><style>{STYLE}</style>",
        f"<h1>{_text(result.cube.name)}</h1>",
        (
            "<p class=banner><b>Screening, not validated.</b> Positions are regions, columns assume the plume's "
            "temperature that was given, and a gas that is not in the library cannot be named.</p>"
        ),
        (
            f"<p>{lines} lines, {samples} samples, {bands} bands; {len(result.gases)} gases sought; "
            f"{len(result.plumes)} plume(s) found.</p>"
        ),
    ]
    parts += [f"<p>⚠ {_text(warning)}</p>" for warning in result.warnings]
    parts += [_plume(result, plume) for plume in result.plumes]
    if not result.plumes:
        parts.append(
            "<h2>No plume found</h2><p>Read this with the limits below: less than these would not show.</p>"
        )
    parts.append(_limits(result))
    parts.append(_provenance(result))
    path.write_text("\n".join(parts) + "</html>\n", "utf-8")


def _plume(result: ImageResult, plume: ImagePlume) -> str:
    found = plume.found.identification
    out = [
        f"<h2>{plume.label}: {plume.found.plume.pixels} pixels, peak {plume.found.plume.peak_sigma:.1f} σ</h2>"
    ]
    if found is None:
        return out[0] + f"<p>Not identified: {_text(plume.found.remark)}</p>"
    if found.abstained:
        out.append(f"<p><b>No gas is named:</b> {_text(found.abstained)}.</p>")
    out.append("<table><tr><th>gas or class<th>probability<th>column [ppm m]<th>grade</tr>")
    grade = {gas.gas: str(gas.spectrum.grade) for gas in result.gases}
    out += [
        f"<tr><td>{_text(' or '.join(one.gases))}<td class=n>{one.probability:.2f}"
        f"<td class=n>{one.column_ppm_m:.3g} ± {one.sigma_ppm_m:.2g}<td>{grade[one.gases[0]]}</tr>"
        for one in found.candidates
    ]
    out.append("</table>")
    if plume.amounts:
        out.append("<table><tr><th>gas<th>mass<th>rate (IME)<th>rate (cross-sections)</tr>")
        out += [
            f"<tr><td>{_text(one.gas)}<td class=n>{_amount(one.mass_kg, 1e3, 'g')}"
            f"<td class=n>{_amount(one.rate_ime_kg_s, 1e3, 'g/s')}<td class=n>{_amount(one.rate_csf_kg_s, 1e3, 'g/s')}</tr>"
            for one in plume.amounts
        ]
        out.append("</table><p class=note>Central value with its 90 % interval.</p>")
    out.append(_spectrum(result, plume))
    out.append(
        f"<p class=note>Misfit of the best subset {found.misfit_per_band:.1f} times the noise per band. Black: mean excess "
        "over the background; red: best subset of gases; grey: 1 σ of patches of the same shape.</p>"
    )
    return "".join(out)


def _spectrum(result: ImageResult, plume: ImagePlume) -> str:
    spectrum, found = plume.found.spectrum, plume.found.identification
    if spectrum is None or found is None:
        return ""
    x = np.arange(spectrum.raw.size, dtype=float)
    gases = [gas.gas for gas in result.gases]
    model = np.zeros_like(spectrum.raw)
    for one in found.named:
        model += one.column_ppm_m * spectrum.raw_targets[gases.index(one.gases[0])]
    top = float(np.abs(np.concatenate([spectrum.raw, model, spectrum.raw_sigma])).max()) or 1.0
    across = PAD + (WIDTH - 2 * PAD) * x / max(x[-1], 1.0)

    def down(values: Floats) -> Floats:
        return np.asarray(HEIGHT / 2 - (HEIGHT / 2 - PAD / 2) * values / top)

    band = np.concatenate([down(spectrum.raw_sigma), down(-spectrum.raw_sigma)[::-1]])
    area = _points(np.concatenate([across, across[::-1]]), band)
    first, last = result.cube.centre[[0, -1]]
    return (
        f"<svg viewBox='0 0 {WIDTH:.0f} {HEIGHT:.0f}' role=img aria-label='excess spectrum'>"
        f"<polygon class=sigma points='{area}'/>"
        f"<polyline class=measured points='{_points(across, down(spectrum.raw))}'/>"
        f"<polyline class=model points='{_points(across, down(model))}'/>"
        f"<text class=note x={PAD:.0f} y={HEIGHT - 2:.0f}>{first:g} {_text(result.cube.wavelength_unit)}</text>"
        f"<text class=note x={WIDTH - PAD:.0f} y={HEIGHT - 2:.0f} text-anchor=end>{last:g}</text></svg>"
    )


def _limits(result: ImageResult) -> str:
    out = [
        (
            "<h2>What could have been seen</h2><p>Minimum detectable column (4 NECL: seen with probability 0.95, false "
            "with 0.05, in one pixel of mean contrast), median over detector columns.</p>"
        ),
        "<table><tr><th>gas<th>limit [ppm m]<th>record</tr>",
    ]
    limit = np.nanmedian(result.limit_ppm_m, axis=1)
    for index in np.argsort(limit, kind="stable"):
        gas = result.gases[int(index)]
        value = f"{limit[index]:.3g}" if np.isfinite(limit[index]) else "cannot be seen"
        out.append(
            f"<tr><td>{_text(gas.gas)}<td class=n>{value}<td>{gas.spectrum.grade}, {_text(gas.spectrum.source)}</tr>"
        )
    out.append("</table>")
    if result.unseen:
        out.append("<h3>Cannot be seen by this instrument</h3><ul>")
        out += [f"<li>{_text(gas)}: {_text(why)}</li>" for gas, why in result.unseen]
        out.append("</ul>")
    return "".join(out)


def _provenance(result: ImageResult) -> str:
    rows = "".join(
        f"<tr><td>{_text(name)}<td><code>{digest}</code></tr>"
        for name, digest in sorted(result.provenance.inputs.items())
    )
    return (
        "<h2>Made from</h2><p>The radiance itself is not kept here; these hashes prove which file was used.</p>"
        f"<table>{rows}<tr><td>record<td><code>{result.provenance.digest}</code></tr></table>"
    )


def _amount(amount: Amount | None, factor: float, unit: str) -> str:
    if amount is None:
        return "not given"
    return f"{amount.value * factor:.3g} ({amount.low * factor:.2g}–{amount.high * factor:.2g}) {unit}"


def _points(x: Floats, y: Floats) -> str:
    return " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))


def _text(words: str) -> str:
    return html.escape(words)
