"""What a person declares about a survey: the content of a `survey.toml`, one frozen record per section.

Every key is optional but `[[file]] path`; what is not declared is taken from the files, or assumed and then said in
the survey's remarks. An unknown key is an error that names the nearest known one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from plumeline.errors import ConfigurationError

CLOCK_WORDS = ("", "as is", "estimate")
HEIGHT_WORDS = ("auto", "altimeter", "take-off", "sea level", "pressure")


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameSettings:
    """`[frame]`: where (0, 0) of the local frame lies."""

    lon: float | None = None
    """Longitude [degrees]."""
    lat: float | None = None
    """Latitude [degrees]."""

    def __post_init__(self) -> None:
        if (self.lon is None) != (self.lat is None):
            raise ConfigurationError("[frame] needs both lon and lat", remedy="give the other, or neither")


@dataclass(frozen=True, slots=True, kw_only=True)
class FileSettings:
    """`[[file]]`: one recording."""

    path: str
    """File, relative to the survey's folder."""
    mapping: str = ""
    """Mapping of a table that is not built in, relative to the survey file."""
    use: tuple[str, ...] = ()
    """Which of its tables to use ("readings", "track", "wind", "meteorology"); all when empty."""
    clock: str = ""
    """"as is", or "estimate" to find its offset against the other files."""
    clock_offset_s: float | None = None
    """Seconds its clock is ahead of UTC (of the other files' time when that is relative)."""
    clock_sigma_s: float = 0.0
    """Standard error of that offset [s]."""
    speed_limit_m_s: float = 30.0
    """Fastest horizontal speed of the platform, for position glitches [m s-1]."""
    lever_m: tuple[float, ...] = ()
    """Where the sensor sits on the platform: forward, right, up [m]."""
    position_sigma_m: float | None = None
    """Standard error of a horizontal position [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SensorSettings:
    """`[[sensor]]`: dynamics and limits of one sensor, for one gas or all its gases."""

    name: str = ""
    """Sensor as the file names it; empty for all."""
    species: str = ""
    """Gas as the file names it; empty for all."""
    response: str = ""
    """Name of a listed response."""
    delay_s: float = 0.0
    """Pure delay [s]."""
    rise_s: float = 0.0
    """Time constant while rising [s]."""
    decay_s: float | None = None
    """Time constant while falling [s]."""
    second_s: float = 0.0
    """Time constant of a second stage [s]."""
    response_sigma: float = 0.25
    """Relative uncertainty of declared time constants; a listed response has its own."""
    correct: bool = True
    """Whether to take the response out; False leaves it to the inversion."""
    noise: float | None = None
    """Noise of one reading, in the file's unit."""
    detection_limit: float | None = None
    """Least enhancement seen, in the file's unit."""
    ceiling: float | None = None
    """Largest value it can give, in the file's unit."""
    warm_up_s: float = 0.0
    """Readings before this time after switching on are flagged [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SpeciesSettings:
    """`[[species]]`: what a gas of the file is."""

    file_name: str
    """Gas as the file names it."""
    name: str
    """Gas that it is: a name of the species table, a formula, or "pid_response"."""
    pid: bool = False
    """Whether the reading is in isobutylene equivalents of a PID."""
    pid_factor: float | None = None
    """Correction factor, when the species table has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseSettings:
    """`[[response]]`: how one channel answers to one gas, where that is not "1 to its own gas, 0 to any other".

    Raises:
        ConfigurationError: a sensitivity is negative, or a relative error is not between 0 and 1.
    """

    channel: str
    """The reading as the survey names it: a gas, or "pid_response"."""
    species: str
    """The gas that it answers to: a name of the species table or a formula."""
    sensitivity: float | None = None
    """Mole fraction shown per mole fraction of the gas; for a PID the inverse of its correction factor if not given."""
    sigma: float = 0.25
    """Relative standard error of the sensitivity; tables of makers and lamps differ by about a quarter."""
    sensor: str = ""
    """Sensor as the survey names it; empty for all that have the channel."""

    def __post_init__(self) -> None:
        where = f"[[response]] of {self.channel} to {self.species}"
        if self.sensitivity is not None and not 0.0 <= self.sensitivity < float("inf"):
            raise ConfigurationError(
                f"sensitivity is {self.sensitivity}",
                where=where,
                remedy="give 0 or more; a reading that falls in a gas cannot be unmixed, leave that channel out",
            )
        if not 0.0 <= self.sigma <= 1.0:
            raise ConfigurationError(f"sigma is {self.sigma}", where=where, remedy="give a share from 0 to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFile:
    """A file of `[[response]]` sections, as `plumeline locate --response` takes it."""

    response: tuple[ResponseSettings, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AirSettings:
    """`[air]`: state of the air where it was not measured."""

    temperature_k: float | None = None
    """Air temperature [K]."""
    pressure_pa: float | None = None
    """Air pressure [Pa]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WindSettings:
    """`[wind]`: which wind, and what is known of it."""

    priority: tuple[str, ...] = ()
    """Files in order of trust; by kind (fixed, on board, autopilot, weather report) when empty."""
    speed_m_s: float | None = None
    """A constant wind for the whole survey [m s-1]; it comes before all files."""
    direction_from_deg: float | None = None
    """Where it comes from, clockwise from north [degrees]."""
    sigma_m_s: float | None = None
    """Standard error of either component of the mean wind [m s-1]."""
    height_m: float | None = None
    """Height of the wind above ground [m]."""
    distance_m: float = 0.0
    """Distance of the wind's place from the survey, when it matters [m]."""
    frame: str = ""
    """What a flown anemometer's direction is counted from: "body" or "earth"."""
    offset_deg: float = 0.0
    """Angle to add to a flown anemometer's direction [degrees]."""
    block_s: float = 60.0
    """Length of the means of a high-rate record [s]."""
    speed_sigma_is_turbulence: bool = False
    """Whether a file's standard deviation of the speed is turbulence, so that over the speed it stands for that of the
    direction."""
    interpolate_s: float | None = None
    """Between two values further apart there is no wind [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeightSettings:
    """`[height]`: heights above ground where the files do not say."""

    source: str = "auto"
    """"altimeter", "take-off", "sea level", "pressure", or "auto" for the first of these that is there."""
    default_m: float | None = None
    """Height of readings without one [m]."""
    ground_m: float | None = None
    """Height of the ground in the file's own reference (sea level, ellipsoid) [m]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SurveySettings:
    """A whole `survey.toml`.

    Raises:
        ConfigurationError: a word is unknown, or values contradict each other.
    """

    name: str = ""
    frame: FrameSettings = field(default_factory=FrameSettings)
    file: tuple[FileSettings, ...] = ()
    sensor: tuple[SensorSettings, ...] = ()
    species: tuple[SpeciesSettings, ...] = ()
    response: tuple[ResponseSettings, ...] = ()
    air: AirSettings = field(default_factory=AirSettings)
    wind: WindSettings = field(default_factory=WindSettings)
    height: HeightSettings = field(default_factory=HeightSettings)
    background: dict[str, float] = field(default_factory=dict)
    """Background by gas as the file names it, in the file's unit; for flags of readings below detection."""
    averaging_time_s: float | None = None
    """Time over which each reading is a mean, where the files do not say [s]."""
    remarks: tuple[str, ...] = ()
    """What the reader of a result should know about this survey."""

    def __post_init__(self) -> None:
        for one in self.file:
            _word("clock", one.clock, CLOCK_WORDS, where=one.path)
            if len(one.lever_m) not in {0, 3}:
                raise ConfigurationError("lever_m takes forward, right and up", where=one.path)
        _word("[height] source", self.height.source, HEIGHT_WORDS)
        _word("[wind] frame", self.wind.frame, ("", "body", "earth"))
        if (self.wind.speed_m_s is None) != (self.wind.direction_from_deg is None):
            raise ConfigurationError(
                "[wind] needs both speed_m_s and direction_from_deg", remedy="give the other too"
            )
        if self.wind.speed_m_s is not None and self.wind.speed_m_s < 0:
            raise ConfigurationError("[wind] speed_m_s is negative", remedy="give a speed of 0 or more")

    def sensor_settings(self, name: str, species: str) -> SensorSettings:
        """Settings of one gas of one sensor: the most specific section that fits.

        Args:
            name: the sensor as the file names it.
            species: the gas as the file names it.

        Returns:
            The section, or one with nothing declared.
        """
        fitting = [one for one in self.sensor if one.name in {"", name} and one.species in {"", species}]
        return max(fitting, key=lambda one: (bool(one.name), bool(one.species)), default=SensorSettings())


def _word(key: str, value: str, known: tuple[str, ...], *, where: str = "") -> None:
    if value not in known:
        raise ConfigurationError(
            f"{key} = {value!r} is unknown",
            where=where,
            remedy="use one of: " + ", ".join(word for word in known if word),
        )
