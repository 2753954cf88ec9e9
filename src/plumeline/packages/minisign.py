"""Minisign signatures made with an actor's own Ed25519 key, so that Debian's `minisign` can check a release.

The format has two free lines; here both have one fixed form, and a reader accepts no other.

References: https://jedisct1.github.io/minisign/ (signature format, prehashed).
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING

from plumeline.access.keys import is_signed

if TYPE_CHECKING:
    from plumeline.access.keys import SigningKey

_PREHASHED = b"ED"
_PLAIN = b"Ed"
_KEY_ID_BYTES = 8
_UNTRUSTED = "untrusted comment: plumeline release"
_TRUSTED = "trusted comment: plumeline release"


def key_id(public: bytes) -> bytes:
    """Eight bytes that name a key."""
    return hashlib.sha256(public).digest()[:_KEY_ID_BYTES]


def public_file(public_hex: str) -> str:
    """The public key as minisign's `.pub` file."""
    public = bytes.fromhex(public_hex)
    blob = base64.b64encode(_PLAIN + key_id(public) + public).decode()
    return f"untrusted comment: minisign public key {public_hex[:16]}\n{blob}\n"


def sign_file(data: bytes, key: SigningKey) -> str:
    """The `.minisig` of a file."""
    signature = key.sign(hashlib.blake2b(data).digest())
    line = base64.b64encode(_PREHASHED + key_id(key.public) + signature).decode()
    comment = _TRUSTED.removeprefix("trusted comment: ")
    second = base64.b64encode(key.sign(signature + comment.encode())).decode()
    return f"{_UNTRUSTED}\n{line}\n{_TRUSTED}\n{second}\n"


def is_file_signed(data: bytes, minisig: str, public_hex: str) -> bool:
    """Whether a `.minisig` is the key's over the file, in exactly the form that `sign_file` writes."""
    lines = minisig.split("\n")
    if len(lines) != 5 or lines[0] != _UNTRUSTED or lines[2] != _TRUSTED or lines[4]:
        return False
    try:
        blob, second = (base64.b64decode(line, validate=True) for line in (lines[1], lines[3]))
    except ValueError:
        return False
    if base64.b64encode(blob).decode() != lines[1] or base64.b64encode(second).decode() != lines[3]:
        return False
    signature = blob[2 + _KEY_ID_BYTES :]
    comment = _TRUSTED.removeprefix("trusted comment: ").encode()
    return (
        blob[: 2 + _KEY_ID_BYTES] == _PREHASHED + key_id(bytes.fromhex(public_hex))
        and is_signed(hashlib.blake2b(data).digest(), signature, public_hex)
        and is_signed(signature + comment, second, public_hex)
    )
