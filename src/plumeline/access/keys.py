"""An actor's keys: one Ed25519 key to sign with, one age key to open the store with, in one file under a passphrase.

The file is JSON sealed with age's scrypt recipient, so `age -d` opens it by hand; that takes about a second, on
purpose. An empty passphrase leaves it unsealed, as `age-keygen` does. Key material is made by the
system's random source and is the one thing in Plumeline that no seed repeats.

References: RFC 8032 (Ed25519); age-encryption.org/v1.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyrage
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from plumeline.errors import AccessError, InputError

if TYPE_CHECKING:
    from pathlib import Path

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An Ed25519 key; never printed."""

    seed: bytes
    """The 32 secret bytes."""

    def __repr__(self) -> str:
        """The public half only."""
        return f"SigningKey(public={self.public_hex})"

    @property
    def private(self) -> Ed25519PrivateKey:
        """As the library's key."""
        return Ed25519PrivateKey.from_private_bytes(self.seed)

    @property
    def public(self) -> bytes:
        """The 32 public bytes."""
        return self.private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def public_hex(self) -> str:
        """The public key as records hold it."""
        return self.public.hex()

    def sign(self, message: bytes) -> bytes:
        """The 64-byte signature over a message."""
        return self.private.sign(message)


def new_signing_key() -> SigningKey:
    """A fresh key from the system's random source."""
    return SigningKey(os.urandom(SEED_BYTES))


def is_signed(message: bytes, signature: bytes, public_hex: str) -> bool:
    """Whether an Ed25519 signature over a message is the key's."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex)).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def public_pem(public_hex: str) -> str:
    """The public key as PEM, for openssl."""
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public_hex))
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@dataclass(frozen=True, slots=True)
class ActorKeys:
    """What one actor holds in its key file."""

    actor: str
    """The badge."""
    signing: SigningKey
    """To sign releases and conclusions with."""
    sealing: pyrage.x25519.Identity
    """To open the store with."""

    def __repr__(self) -> str:
        """The badge only."""
        return f"ActorKeys({self.actor})"

    @property
    def sealing_key(self) -> str:
        """The age public key."""
        return str(self.sealing.to_public())


def new_actor_keys(actor: str) -> ActorKeys:
    """Fresh keys for a badge."""
    return ActorKeys(actor, new_signing_key(), pyrage.x25519.Identity.generate())


def save_keys(keys: ActorKeys, path: Path, passphrase: str) -> None:
    """Write a key file that only its owner can read.

    Args:
        keys: the keys.
        path: where; must not exist.
        passphrase: opens the file again; empty leaves it unsealed, for a disk that is encrypted itself.

    Raises:
        InputError: the file exists already.
    """
    plain = json.dumps({
        "actor": keys.actor,
        "signing": keys.signing.seed.hex(),
        "sealing": str(keys.sealing),
    }).encode()
    sealed = pyrage.passphrase.encrypt(plain, passphrase) if passphrase else plain
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise InputError(
            "the key file exists already", where=str(path), remedy="keys are never overwritten"
        ) from None
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(sealed)
        stream.flush()
        os.fsync(stream.fileno())


def load_keys(path: Path, passphrase: str) -> ActorKeys:
    """Open a key file.

    Args:
        path: the file.
        passphrase: what it was saved under.

    Returns:
        The keys.

    Raises:
        AccessError: the passphrase is wrong or the file is damaged.
        InputError: there is no such file.
    """
    try:
        sealed = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"the key file cannot be read: {error.strerror}", where=str(path), remedy="give your key file"
        ) from None
    try:
        plain = json.loads(pyrage.passphrase.decrypt(sealed, passphrase) if passphrase else sealed)
        return ActorKeys(
            plain["actor"],
            SigningKey(bytes.fromhex(plain["signing"])),
            pyrage.x25519.Identity.from_str(plain["sealing"]),
        )
    except (pyrage.DecryptError, ValueError, KeyError, pyrage.IdentityError):
        raise AccessError(
            "the key file does not open",
            where=str(path),
            remedy="check the passphrase, or that the file is whole",
        ) from None
