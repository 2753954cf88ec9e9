"""A recipient's answer, made by command line: the same signed file that the page inside the package makes."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

from plumeline.access.envelope import sign_payload
from plumeline.access.keys import SigningKey
from plumeline.access.records import from_plain, to_plain
from plumeline.errors import InputError
from plumeline.outcomes.events import ANSWER_TYPE, Answer

if TYPE_CHECKING:
    from datetime import datetime

    from plumeline.packages import Verified

_SEED = re.compile(rb'RECEIPT_SEED = "([0-9a-f]{64})"')


def answer_package(package: Verified, *, time: datetime, **facts: Any) -> bytes:
    """The signed answer file to a package that was opened and checked.

    Args:
        package: as `verify_package` gave it.
        time: now.
        facts: fields of `Answer`: kind, outcome, arrests, reason, onward; those that are None are left out.

    Returns:
        The file's bytes, signed with the key inside the package.

    Raises:
        InputError: the answer is not complete, or the package brings no key.
    """
    found = _SEED.search(package.files["data/open-me.html"])
    if found is None:
        raise InputError("the package brings no key for answers", remedy="answer with your registered key")
    said = {name: value for name, value in facts.items() if value is not None}
    answer = from_plain(
        Answer,
        {"package": package.predicate.release, "time": time, "serial": os.urandom(16).hex()} | said,
    )
    return sign_payload(to_plain(answer), ANSWER_TYPE, [SigningKey(bytes.fromhex(found[1].decode()))])
