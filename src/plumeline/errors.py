"""Every error that Plumeline raises on purpose.

```
PlumelineError                     exit code 1
├── ConfigurationError             2   an option, a mapping or a settings file is wrong
├── InputError                     3   a file or a dataset cannot be used as it is
│   ├── UnknownFormatError         3   no reader recognises the file
│   ├── ReadError                  3   a reader recognised the file but its content is broken
│   ├── UnitError                  3   a unit is missing, unknown or does not fit the quantity
│   └── SchemaError                3   a dataset departs from its registered schema
├── RefusedError                   4   the input is fine, but an honest answer cannot be given
│   ├── CalmWindError              4   too little wind for a plume to have a direction
│   └── NotConvergedError          4   the sampler's own checks failed
├── AccessError                    5   the authority, compartment or role does not permit this
├── OutputError                    6   a result could not be written where it should go
└── StoreError                     7   the case store cannot be used as it is
    └── ConflictError              7   somebody else changed the same record meanwhile
```

An error says what was wrong, where, and what to do; its facts are attributes so that a caller can act on them.
"""

from __future__ import annotations

from typing import ClassVar


class PlumelineError(Exception):
    """Base of all errors raised on purpose.

    Args:
        what: what was wrong, one sentence without its final stop.
        where: the file, line, column or record it was found in.
        remedy: what the reader can do about it.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, what: str, *, where: str = "", remedy: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.remedy = remedy

    def __str__(self) -> str:
        """One line: where, what, remedy."""
        head = f"{self.where}: {self.what}" if self.where else self.what
        return f"{head}. {self.remedy}" if self.remedy else head


class ConfigurationError(PlumelineError):
    """An option, a mapping or a settings file is wrong."""

    exit_code = 2


class InputError(PlumelineError):
    """A file or a dataset cannot be used as it is."""

    exit_code = 3


class UnknownFormatError(InputError):
    """No reader recognises the file."""


class ReadError(InputError):
    """A reader recognised the file, but its content is broken."""


class UnitError(InputError):
    """A unit is missing, unknown or does not fit the quantity."""


class SchemaError(InputError):
    """A dataset departs from its registered schema; `faults` lists every departure."""

    def __init__(self, name: str, faults: list[str]) -> None:
        super().__init__(
            f"does not match schema {name!r}: " + "; ".join(faults),
            remedy="see the schema's page in the documentation",
        )
        self.schema = name
        self.faults = tuple(faults)


class RefusedError(PlumelineError):
    """The input is fine, but an honest answer cannot be given from it."""

    exit_code = 4


class CalmWindError(RefusedError):
    """There is too little wind for a plume to have a direction."""


class NotConvergedError(RefusedError):
    """The sampler's own checks failed, so its draws are not a posterior."""


class AccessError(PlumelineError):
    """The authority, compartment or role does not permit this."""

    exit_code = 5


class OutputError(PlumelineError):
    """A result could not be written where it should go; what was there before is unchanged."""

    exit_code = 6


class StoreError(PlumelineError):
    """The case store cannot be used as it is: locked, full, damaged or of another version."""

    exit_code = 7


class ConflictError(StoreError):
    """Somebody else changed the same record meanwhile."""
