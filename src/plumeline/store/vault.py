"""Encryption at rest: a master key sealed to the actors, one data key a record, one nonce a payload.

Deleting a record destroys its data key, so copies of its payloads elsewhere in the same database (free pages, the
write-ahead log) cannot be read either. A back-up made before the deletion still holds the key.

References: NIST SP 800-38D (AES-GCM); age-encryption.org/v1.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyrage
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from plumeline.access.keys import SigningKey, new_signing_key
from plumeline.errors import AccessError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from plumeline.access.keys import ActorKeys

NONCE_BYTES = 12
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Vault:
    """An opened keyring."""

    master: bytes
    """Wraps the data keys."""
    log_key: SigningKey
    """Signs the audit log's heads."""

    def __repr__(self) -> str:
        """Nothing of it."""
        return "Vault()"

    def sealed_to(self, recipients: Iterable[str]) -> bytes:
        """The keyring, encrypted to the actors' age keys."""
        plain = json.dumps({"master": self.master.hex(), "log": self.log_key.seed.hex()}).encode()
        keys = [pyrage.x25519.Recipient.from_str(recipient) for recipient in sorted(set(recipients))]
        sealed: bytes = pyrage.encrypt(plain, keys)
        return sealed

    def new_data_key(self, stream: str) -> tuple[bytes, bytes]:
        """A fresh data key, plain and wrapped for a record."""
        plain = os.urandom(KEY_BYTES)
        return plain, lock(self.master, plain, stream)

    def data_key(self, wrapped: bytes | None, stream: str) -> bytes:
        """The data key of a record.

        Args:
            wrapped: as the store holds it; None after deletion.
            stream: which record.

        Returns:
            The key.

        Raises:
            StoreError: the content was deleted, or the store was tampered with.
        """
        if wrapped is None:
            raise StoreError(
                "the content of this record was deleted at the end of its retention", where=stream
            )
        return unlock(self.master, wrapped, stream)


def new_vault() -> Vault:
    """A fresh keyring."""
    return Vault(os.urandom(KEY_BYTES), new_signing_key())


def open_vault(sealed: bytes, keys: ActorKeys) -> Vault:
    """Open a keyring with an actor's key.

    Args:
        sealed: what `Vault.sealed_to` gave.
        keys: the actor's keys.

    Returns:
        The keyring.

    Raises:
        AccessError: it is not sealed to this actor.
    """
    try:
        plain = json.loads(pyrage.decrypt(sealed, [keys.sealing]))
    except (pyrage.DecryptError, ValueError):
        raise AccessError(
            "this key does not open the case store", remedy="ask its custodian to admit your badge"
        ) from None
    return Vault(bytes.fromhex(plain["master"]), SigningKey(bytes.fromhex(plain["log"])))


def lock(key: bytes, plain: bytes, bound_to: str) -> bytes:
    """Encrypt bytes so that they open only in their place."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to.encode())


def unlock(key: bytes, locked: bytes, bound_to: str) -> bytes:
    """Decrypt what `lock` gave.

    Args:
        key: the same key.
        locked: nonce and ciphertext.
        bound_to: the same place.

    Returns:
        The bytes.

    Raises:
        StoreError: they were changed, moved or locked with another key.
    """
    try:
        return AESGCM(key).decrypt(locked[:NONCE_BYTES], locked[NONCE_BYTES:], bound_to.encode())
    except (InvalidTag, ValueError):
        raise StoreError(
            "stored content was changed outside Plumeline", where=bound_to, remedy="restore it from a back-up"
        ) from None
