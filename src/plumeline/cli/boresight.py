"""`plumeline boresight`: how a camera is turned against the autopilot that flies it."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("log", type=click.Path(path_type=Path))
@click.argument("camera", type=click.Path(path_type=Path))
@click.argument("points", type=click.Path(path_type=Path))
@click.option("--lines", type=click.IntRange(1), default=1, show_default=True, help="Lines of a frame.")
@click.option("--samples", type=click.IntRange(2), required=True, help="Samples of a line.")
def boresight(log: Path, camera: Path, points: Path, lines: int, samples: int) -> None:
    """Find the boresight angles of CAMERA from POINTS on the ground, with the autopilot's LOG of that flight.

    POINTS is a CSV file with columns line, sample, longitude, latitude: at least three places that can be seen in the
    image and are known on the ground, best at both edges and on lines flown in different directions.
    """
    from plumeline.workflows.image_pose import calibrated, read_mount  # noqa: PLC0415 (heavy)

    found, sigma, rms = calibrated(log, read_mount(camera), points, (lines, samples))
    angles = ", ".join(f"{angle:.3f}" for angle in found.boresight_deg)
    click.echo(f"boresight_deg = [{angles}]")
    click.echo(
        f"# standard errors {', '.join(f'{one:.3f}' for one in sigma)}; rms misfit {rms:.2f} m on the ground"
    )
