"""Signed tree heads in the C2SP checkpoint format, so that any public verifier can read them.

References: C2SP signed-note and tlog-checkpoint, https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plumeline.access.keys import is_signed
from plumeline.errors import AccessError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.access.keys import SigningKey

_ED25519 = b"\x01"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The head of a log at one size."""

    origin: str
    """Name of the log."""
    size: int
    """Number of entries."""
    root: bytes
    """Merkle root over them."""

    @property
    def text(self) -> str:
        """The signed text, with its final line end."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


def key_id(name: str, public: bytes) -> bytes:
    """The four bytes that point from a signature line to a key."""
    return hashlib.sha256(name.encode() + b"\n" + _ED25519 + public).digest()[:4]


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey, *, name: str | None = None) -> str:
    """The checkpoint as a signed note.

    Args:
        checkpoint: the head.
        key: the log's key, or a witness's.
        name: who signs; the log itself if None.

    Returns:
        The note's text.
    """
    return checkpoint.text + "\n" + signature_line(checkpoint, key, name=name or checkpoint.origin)


def signature_line(checkpoint: Checkpoint, key: SigningKey, *, name: str) -> str:
    """One signature line; a witness adds its own to a note."""
    blob = key_id(name, key.public) + key.sign(checkpoint.text.encode())
    return f"— {name} {base64.b64encode(blob).decode()}\n"


def verify_checkpoint(note: str, keys: Mapping[str, str], *, where: str = "") -> Checkpoint:
    """The head in a note, once every line by a known name is signed by that name's key.

    Args:
        note: the note's text.
        keys: name to Ed25519 public key (hexadecimal); the log's own name must be among them.
        where: the file's name, for the error's text.

    Returns:
        The head.

    Raises:
        AccessError: a known signer's line is not its signature, or the log itself has not signed.
        InputError: it is no checkpoint.
    """
    text, gap, lines = note.partition("\n\n")
    parts = text.split("\n")
    try:
        origin, size, encoded = parts
        head = Checkpoint(origin=origin, size=int(size), root=base64.b64decode(encoded, validate=True))
        signatures = [_signature(line) for line in lines.splitlines(keepends=True)]
    except ValueError:
        raise InputError("not a checkpoint", where=where, remedy="ask for the file again") from None
    if not gap or head.text != text + "\n" or not signatures or len(head.root) != 32:
        raise InputError("not a checkpoint in its one form", where=where, remedy="ask for the file again")
    signed = set()
    for name, blob in signatures:
        public_hex = keys.get(name)
        if public_hex is None:
            continue
        good = blob[:4] == key_id(name, bytes.fromhex(public_hex)) and is_signed(
            head.text.encode(), blob[4:], public_hex
        )
        if not good:
            raise AccessError(f"the checkpoint's signature by {name} is not good", where=where)
        signed.add(name)
    if origin not in signed:
        raise AccessError("the log has not signed this checkpoint", where=where, remedy="check the log's key")
    return head


def _signature(line: str) -> tuple[str, bytes]:
    dash, name, encoded = line.removesuffix("\n").split(" ")
    blob = base64.b64decode(encoded, validate=True)
    if dash != "—" or not line.endswith("\n") or base64.b64encode(blob).decode() != encoded:
        raise ValueError(line)
    return name, blob
