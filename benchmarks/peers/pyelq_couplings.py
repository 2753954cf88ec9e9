"""pyELQ's own plume class at given places, in an environment of its own: `pyelq_couplings.py CASES.npz OUT.npy`.

`CASES.npz` holds one array per argument of its lowest public function. The gas density is chosen so that its unit
(1e6 h/kg) becomes s/m3, and couplings too small for it to keep are kept.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def main(cases: str, out: str) -> None:
    from pyelq.dispersion_model.gaussian_plume import GaussianPlume  # noqa: PLC0415
    from pyelq.dispersion_model.turbulence_model import DraxlerModel  # noqa: PLC0415
    from pyelq.source_map import SourceMap  # noqa: PLC0415

    with np.load(cases) as file:
        case = {key: file[key] for key in file.files}
    answer = np.empty(case["x"].size)
    for i in range(answer.size):
        model = GaussianPlume(source_map=SourceMap(), source_half_width=float(case["half_width"][i]))
        if case["draxler"][i]:
            model.turbulence_model_horizontal = DraxlerModel.default_horizontal()
            model.turbulence_model_vertical = DraxlerModel.default_vertical()
        model.minimum_contribution = 0.0

        def of(name: str, i: int = i) -> Any:
            return case[name][i].reshape(1, 1)

        u, v = case["u"][i], case["v"][i]
        answer[i] = model.compute_coupling_array(
            of("x"),
            of("y"),
            of("z"),
            of("height"),
            np.hypot(u, v).reshape(1, 1),
            np.arctan2(v, u).reshape(1, 1),
            of("horizontal"),
            of("vertical"),
            np.full((1, 1), 1e6 / 3600.0),
        )[0, 0]
    np.save(out, answer)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
