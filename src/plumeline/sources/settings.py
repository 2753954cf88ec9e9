"""Settings of an inversion: one frozen record, every value with its unit and reason, all of it in the provenance."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from plumeline.errors import ConfigurationError


@dataclass(frozen=True, slots=True, kw_only=True)
class InferenceSettings:
    """What the inversion assumes and how hard it works.

    Raises:
        ConfigurationError: a value is outside its range.
    """

    seed: int = 1
    """Random seed."""
    particles: int = 192
    """Particles of the first two runs together; the draws are three times as many."""
    sweeps: int = 4
    """Moves of every parameter after each tempering step; three times as many after the last."""
    attempts: int = 2
    """How often two runs are made, each time with twice the particles, until they agree."""
    max_sources: int = 5
    """Largest number of sources considered."""
    prior_no_source: float = 0.5
    """Prior probability that nothing emits."""
    prior_more_sources: float = 0.1
    """Prior odds of each further source, given one less."""
    rate_median_kg_s: float = 1e-4
    """Prior median emission rate [kg s-1]."""
    rate_log10_sd: float = 1.0
    """Prior spread of the rate [decades]."""
    height_sd_m: float = 3.0
    """Scale of the half-normal prior of the source's height [m]."""
    max_height_m: float = 30.0
    """Greatest source height [m]."""
    margin_m: float | None = None
    """How far beyond the readings sources are sought [m]; None: a quarter of their extent, 20 to 200 m."""
    calm_m_s: float = 0.5
    """Readings with less wind are not used: a plume has no direction then [m s-1]."""
    max_rows: int = 4000
    """Readings are averaged in time until no more rows than this are left."""
    unstated_wind_sigma_m_s: float = 0.5
    """Standard error of the wind where the survey states none [m s-1]."""
    direction_sigma_rad: float = 0.2
    """Horizontal turbulence angle where the survey gives none [rad]."""
    elevation_sigma_rad: float = 0.1
    """Vertical turbulence angle where the survey gives none [rad]."""
    momentary_sigma_y_rad: float = 0.08
    """Horizontal spread of a plume cut in seconds, per distance [rad]."""
    momentary_sigma_z_rad: float = 0.06
    """Vertical spread of a plume cut in seconds, per distance [rad]."""
    transport: str = "plume"
    """"plume": gas goes straight with the wind at each reading; "puff": it follows the wind's history (slower)."""
    source_width_m: float = 0.5
    """Half-width of a source: a vent and its first metre of mixing [m]."""
    source_depth_m: float | None = None
    """Half-depth of a source [m]; None: its half-width."""
    urban: bool = False
    """Whether sources stand among buildings: wakes widen them, and streets turn and slow the wind."""
    building_height_m: float = 10.0
    """Height of the buildings, used when `urban` [m]."""
    building_width_m: float = 15.0
    """Width of the buildings across the wind, used when `urban` [m]."""
    mixing_height_m: float | None = None
    """Height that nothing gets above [m]; None where nothing caps the plume within the survey's reach."""
    steady_probability: float = 0.7
    """Prior probability that a source emits steadily; 1 takes every source as steady [1]."""
    emission_block_s: float | None = None
    """Time within which emission is taken as constant [s]; None: a sixteenth of a flight or 100 s, and steady at fixed sensors."""
    spread_y_log_sd: float = 0.5
    """Prior spread of the factor on the horizontal spread [1]."""
    spread_z_log_sd: float = 0.8
    """Prior spread of the factor on the vertical spread [1]."""
    wind_turn_sd_rad: float = 0.1
    """Prior spread of a constant error of the wind's direction [rad]."""
    wind_factor_log_sd: float = 0.15
    """Prior spread of a constant factor on the wind's speed [1]."""
    direction_error_rad: float = 0.35
    """Momentary error of the wind's direction, which widens the band of model error [rad]."""
    detour_turn_sd_rad: float = 0.15
    """Prior spread of the lasting turn of the way to one sensor or part of a track: air does not flow straight [rad]."""
    detour_factor_log_sd: float = 0.3
    """Prior spread of the lasting log factor of the concentration there [1]."""
    model_error: float = 0.4
    """Prior median of the plume model's relative error for one averaged reading [1]."""
    model_error_log_sd: float = 0.4
    """Prior spread of its logarithm [1]."""
    noise_log_sd: float = 0.5
    """Prior spread of a sensor's log noise around its first guess [1]."""
    dof: float = 4.0
    """Degrees of freedom of the residuals' Student t [1]."""
    response_s: float = 1.5
    """Prior median of a moving sensor's response time [s]."""
    response_log_sd: float = 0.8
    """Prior spread of its logarithm [1]."""
    background_knot_s: float | None = None
    """Time between knots of the drifting background [s]; None: an hour at fixed sensors, an eighth of a flight."""
    dependence_share: float = 0.5
    """Share of the likelihood's learned exponent that is used; calibrated, see `docs/method.md` [1]."""
    discrepancy_along: float = 0.13
    """Position error of the plume model along the wind per distance to averaged readings [1]."""
    discrepancy_across: float = 0.09
    """Position error of the plume model across the wind per distance to averaged readings [1]."""
    momentary_discrepancy_along: float = 0.22
    """The same along the wind for readings of seconds, whose plume is far from a mean one [1]."""
    momentary_discrepancy_across: float = 0.06
    """The same across the wind for readings of seconds [1]."""
    momentary_discrepancy_log_rate: float = 0.5
    """Error of the plume model's log rate for readings of seconds [1]."""
    discrepancy_dof: float = 2.0
    """Degrees of freedom of the position error's Student t: most plumes go nearly straight, a few do not at all [1]."""
    discrepancy_log_rate: float = 0.15
    """Error of the plume model's log rate [1]."""
    claim_probability: float = 0.9
    """Least posterior probability of a source at which one is reported."""
    null_draws: int = 60
    """Turned-wind replicas behind the false-alarm probability; 0 skips it."""

    def __post_init__(self) -> None:
        positive = {
            "particles",
            "sweeps",
            "attempts",
            "max_sources",
            "rate_median_kg_s",
            "rate_log10_sd",
            "height_sd_m",
            "max_height_m",
            "max_rows",
            "direction_sigma_rad",
            "unstated_wind_sigma_m_s",
            "elevation_sigma_rad",
            "spread_y_log_sd",
            "spread_z_log_sd",
            "wind_turn_sd_rad",
            "wind_factor_log_sd",
            "model_error",
            "model_error_log_sd",
            "noise_log_sd",
            "response_s",
            "response_log_sd",
            "dependence_share",
            "source_width_m",
            "building_height_m",
            "building_width_m",
            "steady_probability",
        }
        for name in sorted(positive):
            value = getattr(self, name)
            if not (math.isfinite(value) and value > 0):
                raise ConfigurationError(f"{name} is {value}", remedy="give a number above 0")
        if self.transport not in {"plume", "puff"}:
            raise ConfigurationError(f"transport is {self.transport!r}", remedy='give "plume" or "puff"')
        if self.source_depth_m is not None and not self.source_depth_m > 0.0:
            raise ConfigurationError(
                f"source_depth_m is {self.source_depth_m}", remedy="give a number above 0, or leave it out"
            )
        for name in ("prior_no_source", "prior_more_sources", "claim_probability"):
            if not 0.0 < getattr(self, name) < 1.0:
                raise ConfigurationError(
                    f"{name} is {getattr(self, name)}", remedy="give a probability between 0 and 1"
                )
        if self.dof <= 1.0 or self.calm_m_s < 0.0 or self.null_draws < 0 or self.seed < 0:
            raise ConfigurationError(
                "dof must be above 1, and calm_m_s, null_draws and seed at least 0",
                remedy="change that setting",
            )

    def in_town(self) -> InferenceSettings:
        """The settings that hold among buildings, when `urban`; values that are already wider stay.

        In the lee of a building gas fills its wake: at three heights downwind the spread is 0.7 of the lesser of height
        and width upward, and 0.35 of the width across, at most of five heights (Huber & Snyder 1982,
        Atmospheric Environment 16, 2837, as in US EPA's ISC3, EPA-454/B-95-003b, section 1.1.5.3). A street turns the
        wind towards its axis, by up to 45 degrees either way where nothing is known of it, which has a standard
        deviation of 0.45 rad, and leaves of its speed the cosine, whose logarithm varies by half (channelling: Dobre et
        al. 2005, doi:10.1016/j.atmosenv.2005.04.015; Britter & Hanna 2003, doi:10.1146/annurev.fluid.35.101101.161147).
        """
        if not self.urban:
            return self
        width_m = 0.35 * min(self.building_width_m, 5.0 * self.building_height_m)
        depth_m = 0.7 * min(self.building_width_m, self.building_height_m)
        return replace(
            self,
            source_width_m=max(self.source_width_m, width_m),
            source_depth_m=max(self.source_depth_m or self.source_width_m, depth_m),
            wind_turn_sd_rad=max(self.wind_turn_sd_rad, 0.2),
            wind_factor_log_sd=max(self.wind_factor_log_sd, 0.5),
            direction_error_rad=max(self.direction_error_rad, 0.6),
            detour_turn_sd_rad=max(self.detour_turn_sd_rad, 0.45),
            detour_factor_log_sd=max(self.detour_factor_log_sd, 0.5),
            spread_y_log_sd=max(self.spread_y_log_sd, 0.8),
        )

    def as_dict(self) -> dict[str, Any]:
        """Every setting with its value."""
        return asdict(self)

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Names of all settings."""
        return tuple(field.name for field in fields(cls))
