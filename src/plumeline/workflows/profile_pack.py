"""Sealed, signed packs of an agency's own profiles: same schema as the shipped ones, never shipped.

A pack is TOML with one `[[profile]]` a type, signed with Ed25519, then sealed with age to its readers: who cannot open it
learns nothing, and who opens it knows who made it. An unsigned pack, or one signed with another key, is refused.

References: RFC 8032 (Ed25519); age-encryption.org/v1.
"""

from __future__ import annotations

import base64
import json
import tomllib
from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from plumeline.errors import AccessError, ConfigurationError, InputError
from plumeline.facilities import Kind, shipped_profiles
from plumeline.facilities.profile import profile_from_table
from plumeline.packages.seal import seal, unseal

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from plumeline.facilities import Profile

CONTEXT = b"plumeline profile pack 1\n"
"""Signed before the content, so that no other signature can be passed off as this one."""


def make_pack(content: str, key: Ed25519PrivateKey, readers: Iterable[str]) -> bytes:
    """Sign and seal profiles.

    Args:
        content: TOML with `[[profile]]` tables.
        key: the agency's signing key.
        readers: age or SSH public keys of those who may open it.

    Returns:
        The pack's bytes.

    Raises:
        InputError: a profile contradicts itself, or a reader's key is no key.
    """
    _profiles(content, where="pack")
    raw = content.encode()
    signed = {
        "content": base64.b64encode(raw).decode(),
        "signature": base64.b64encode(key.sign(CONTEXT + raw)).decode(),
    }
    return seal(json.dumps(signed, sort_keys=True).encode(), readers)


def open_pack(path: Path, key: Path | None, identity: Path | None) -> tuple[Profile, ...]:
    """Open a pack and check who made it.

    Args:
        path: the pack.
        key: PEM of the public key that it must be signed with.
        identity: the reader's age or SSH identity.

    Returns:
        Its profiles.

    Raises:
        ConfigurationError: the key or the identity is not given, or is no key.
        AccessError: the pack does not open, is not signed, or is signed with another key.
        InputError: a profile in it contradicts itself.
    """
    if key is None or identity is None:
        raise ConfigurationError(
            "a pack is opened only with its maker's public key and your identity",
            remedy="give --pack-key and --pack-identity",
        )
    opened = unseal(path.read_bytes(), identity.read_text(encoding="utf-8"), where=path.name)
    return _profiles(_checked(opened, _public_key(key), path.name), where=path.name)


def _public_key(path: Path) -> Ed25519PublicKey:
    try:
        key = load_pem_public_key(path.read_bytes())
    except ValueError:
        key = None
    if not isinstance(key, Ed25519PublicKey):
        raise ConfigurationError("is no Ed25519 public key (PEM)", where=path.name)
    return key


def _checked(opened: bytes, key: Ed25519PublicKey, where: str) -> str:
    try:
        signed = json.loads(opened)
        content = base64.b64decode(signed["content"], validate=True)
        key.verify(base64.b64decode(signed["signature"], validate=True), CONTEXT + content)
        return content.decode()
    except (ValueError, KeyError, TypeError):
        what = "the pack is not signed"
    except InvalidSignature:
        what = "the pack is signed with another key, or was changed"
    raise AccessError(
        what, where=where, remedy="ask its maker for it again, and check their key by another way"
    )


def _profiles(content: str, *, where: str) -> tuple[Profile, ...]:
    try:
        tables = tomllib.loads(content).get("profile", [])
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not TOML: {error}", where=where) from None
    if not tables:
        raise InputError("holds no [[profile]]", where=where)
    profiles = tuple(
        profile_from_table(table, where=f"{where}, profile {index}")
        for index, table in enumerate(tables, start=1)
    )
    taken = {profile.name for profile in shipped_profiles()}
    for profile in profiles:
        if profile.name in taken:
            raise InputError(f"profile {profile.name!r} stands there twice or is a shipped one", where=where)
        if profile.kind is Kind.OTHER:
            raise InputError(f"profile {profile.name!r}: “other” is Plumeline's own", where=where)
        taken.add(profile.name)
    return profiles
