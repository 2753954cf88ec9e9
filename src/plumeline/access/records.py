"""Records of the case side: validated when they are made, so that none can hold what it must not.

A record is a frozen dataclass whose fields are checked on construction and on reading; an unknown field is an
error. The types here are the only ones a field of free content may have: identifiers are opaque tokens (never a
person's name), places are regions (never a bare point), text is screened.

What the screen cannot do: it knows the shapes of contact details, plates, document numbers and fine coordinates,
and the titles that come before a name. It cannot know every name; the second person who reads before a release is
the guard for that.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING, Annotated, Any, TypeVar, cast, dataclass_transform

from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    Field,
    PlainSerializer,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    WithJsonSchema,
)
from pydantic.dataclasses import dataclass as pydantic_dataclass
from shapely import MultiPolygon, Polygon, get_coordinates, is_valid_reason
from shapely.geometry import mapping, shape

from plumeline.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
S = TypeVar("S")

MAX_TEXT = 2000
"""Characters in one free text."""

_REFUSED_TEXT = {
    "a coordinate finer than a region": r"\d{1,3}\.\d{4,}\s*[°NS]?\s*[,;/ ]\s*[-+]?\d{1,3}\.\d{4,}|\d{1,3}\s*°\s*\d{1,2}\s*[′']",
    "a grid reference": r"\b\d{1,2}\s?[C-HJ-NP-X]\s?[A-HJ-NP-Z]{2}\s?\d{4,10}\b",
    "a plus code": r"\b[23456789CFGHJMPQRVWX]{4,8}\+[23456789CFGHJMPQRVWX]{2,3}\b",
    "an e-mail address": r"[\w.+-]+@[\w-]+\.\w+",
    "a telephone or document number": r"(?<![\w.])(?:\+?\d[\s().-]?){8,}(?!\w)",
    "a person's title and name": (
        r"\b(?:Mr|Mrs|Ms|Dr|Sr|Sra|Srta|Don|Doña|Lic|Ing)\b\.?\s+[A-ZÁÉÍÓÚÑ][a-záéíóúñ]+"
    ),
    "a personal document": r"\b(?:passport|pasaporte|CURP|RFC|SSN|plate|placa|matrícula|IMEI|MAC address)\b",
    "an address": r"\b(?:Calle|Avenida|Av\.|Street|Blvd|Boulevard|Road)\s+[\w. ]{0,40}\d+",
}


def screened(text: str) -> str:
    """A free text, if it holds none of the shapes that must not stand in a record.

    Args:
        text: the text.

    Returns:
        The same text without outer spaces.

    Raises:
        ValueError: it is empty, too long, or holds contact details, a document number, an address, a titled name or
            a position finer than a region.
    """
    clean = text.strip()
    if not clean:
        raise ValueError("an empty text")
    if len(clean) > MAX_TEXT:
        raise ValueError(f"a text of more than {MAX_TEXT} characters")
    dateless = re.sub(r"\b\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2})?Z?)?\b", "", clean)
    for what, pattern in _REFUSED_TEXT.items():
        if re.search(pattern, dateless, re.IGNORECASE if "document" in what or "address" in what else 0):
            raise ValueError(f"the text holds {what}, which no record may hold")
    return clean


def _region(value: Any) -> MultiPolygon:
    geometry = shape(value) if isinstance(value, dict) else value
    if isinstance(geometry, Polygon):
        geometry = MultiPolygon([geometry])
    if not isinstance(geometry, MultiPolygon) or geometry.is_empty:
        raise ValueError("a place is a region: a Polygon or MultiPolygon, never a point or a line")
    if not geometry.is_valid:
        raise ValueError(f"the region's outline is not valid: {is_valid_reason(geometry)}")
    longitude_deg, latitude_deg = get_coordinates(geometry).T
    if abs(longitude_deg).max() > 180 or abs(latitude_deg).max() > 90:
        raise ValueError("the region's corners are not longitude, latitude in degrees")
    return geometry


def _region_json(value: MultiPolygon) -> dict[str, Any]:
    return {"type": "MultiPolygon", "coordinates": mapping(value)["coordinates"]}


Region = Annotated[
    MultiPolygon,
    PlainValidator(_region),
    PlainSerializer(_region_json, return_type=dict),
    WithJsonSchema({"type": "object", "title": "GeoJSON MultiPolygon", "x-region": True}),
]
"""A region on WGS 84, GeoJSON MultiPolygon in longitude, latitude; the only kind of place a record holds."""

ActorId = Annotated[str, Field(pattern=r"^A-[0-9A-Z]{4,12}$")]
"""Opaque badge of an actor; says nothing about who it is."""
OrganisationId = Annotated[str, Field(pattern=r"^O-[0-9A-Z]{2,12}$")]
"""Opaque identifier of an organisation."""
Compartment = Annotated[str, Field(pattern=r"^[A-Z][0-9A-Z]{1,15}$")]
"""Name of a need-to-know compartment."""
StreamId = Annotated[str, Field(pattern=r"^(X-)?[A-Z]{1,4}-[0-9A-Z]{2,26}$")]
"""Opaque identifier of a record with a history; exercises start with X-."""
Digest = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256, lower-case hexadecimal."""
Label = Annotated[str, Field(pattern=r"^[\w][\w .,:/()+-]{0,79}$"), AfterValidator(screened)]
"""A short technical name: a species, a sensor, a method, an article of law."""
Text = Annotated[str, AfterValidator(screened)]
"""Free text, screened."""
Instant = Annotated[AwareDatetime, AfterValidator(lambda value: value.astimezone(UTC))]
"""A time in UTC."""
Probability = Annotated[float, Field(ge=0, le=1)]
"""0 to 1."""
NonNegative = Annotated[float, Field(ge=0, allow_inf_nan=False)]
"""A finite quantity that cannot be negative."""
Count = Annotated[int, Field(ge=0)]
"""A number of things."""
SetOf = Annotated[frozenset[S], PlainSerializer(sorted, return_type=list)]
"""A set that is always written in the same order."""


@dataclass_transform(kw_only_default=True, frozen_default=True)
def record(cls: type[T]) -> type[T]:
    """Make a class a frozen record that checks its fields and refuses unknown ones."""
    made: Any = pydantic_dataclass(
        cls,
        frozen=True,
        slots=True,
        kw_only=True,
        config=ConfigDict(extra="forbid", allow_inf_nan=False, validate_default=True),
    )
    return cast("type[T]", made)


@lru_cache(maxsize=256)
def adapter(kind: Any) -> TypeAdapter[Any]:
    """The reader and writer of a record type."""
    return TypeAdapter(kind)


_reader: Callable[[Any], TypeAdapter[Any]] = adapter
"""`adapter`, for a type checker that does not take a class for hashable."""


def to_plain(value: Any) -> Any:
    """A record as plain JSON values."""
    return _reader(type(value)).dump_python(value, mode="json")


def from_plain(kind: type[T], value: Any, *, where: str = "") -> T:
    """A record from plain JSON values.

    Args:
        kind: the record's class.
        value: what `to_plain` gave, or the same from outside.
        where: the file or record it came from, for the error's text.

    Returns:
        The record.

    Raises:
        InputError: a field is missing, unknown or holds what it must not.
    """
    try:
        made: T = _reader(kind).validate_python(value)
    except ValidationError as error:
        faults = "; ".join(
            f"{'.'.join(str(part) for part in fault['loc']) or 'record'}: {fault['msg']}"
            for fault in error.errors()[:8]
        )
        raise InputError(f"not a valid {kind.__name__}: {faults}", where=where) from None
    return made


def utc(text: str) -> datetime:
    """A UTC time from ISO 8601 text.

    Args:
        text: such as "2026-03-01T09:40:00Z".

    Returns:
        The time, in UTC.

    Raises:
        InputError: the text is no time, or has no time zone.
    """
    try:
        value = datetime.fromisoformat(text)
        if value.tzinfo is None:
            raise InputError(f"{text!r} has no time zone", remedy="add Z for UTC")
        return value.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InputError(f"{text!r} is not a time", remedy="write it as 2026-03-01T09:40:00Z") from None


def utc_end(text: str) -> datetime:
    """The last moment that a time in ISO 8601 text can mean: of its second, its minute, its hour or its day.

    What was recorded at 09:40:00.7 had happened for whoever says 09:40, or 09:40:00.

    Args:
        text: such as "2026-03-01T09:40Z"; a date alone is that day in UTC.

    Returns:
        The time, in UTC, to the microsecond.

    Raises:
        InputError: the text is no time, or has no time zone.
    """
    if re.fullmatch(r"\d{4}-?\d{2}-?\d{2}", text):
        return utc(f"{text}T23:59:59.999999Z")
    start = utc(text)
    clock = re.fullmatch(r".{8,10}\D\d{2}(:?\d{2})?(:?\d{2})?(?:[.,](\d+))?(?:Z|[+-].*)", text)
    minute, second, fraction = clock.groups() if clock else (None, None, None)
    finest = timedelta(minutes=1) if minute else timedelta(hours=1)
    if second:
        finest = timedelta(microseconds=10 ** max(6 - len(fraction or ""), 0))
    return start + (finest - timedelta(microseconds=1))
