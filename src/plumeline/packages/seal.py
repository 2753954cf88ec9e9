"""Sealing a package to its recipient's keys with age, and opening it again.

References: age-encryption.org/v1; X25519 and SSH recipients.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyrage

from plumeline.errors import AccessError, InputError

if TYPE_CHECKING:
    from collections.abc import Iterable


def seal(data: bytes, recipients: Iterable[str]) -> bytes:
    """Encrypt a package.

    Args:
        data: the tar.
        recipients: age or SSH public keys.

    Returns:
        The sealed file.

    Raises:
        InputError: there is no key, or one is not a key.
    """
    keys = []
    for text in recipients:
        try:
            kind = pyrage.ssh if text.startswith("ssh-") else pyrage.x25519
            keys.append(kind.Recipient.from_str(text))
        except pyrage.RecipientError:
            raise InputError(
                f"{text[:20]}… is not an age or SSH public key", remedy="ask the recipient for it again"
            ) from None
    if not keys:
        raise InputError(
            "the recipient has no sealing key, and an empty audience is an error", remedy="enter one first"
        )
    sealed: bytes = pyrage.encrypt(data, keys)
    return sealed


def unseal(data: bytes, identity: str, *, where: str = "") -> bytes:
    """Decrypt a package.

    Args:
        data: the sealed file.
        identity: text of the recipient's key file: age secret keys, or an OpenSSH private key.
        where: the file's name, for the error's text.

    Returns:
        The tar.

    Raises:
        AccessError: it is not sealed to this key, or it was changed or torn.
        InputError: the identity is no key.
    """
    try:
        if "PRIVATE KEY" in identity:
            keys = [pyrage.ssh.Identity.from_buffer(identity.encode())]
        else:
            lines = [line.strip() for line in identity.splitlines()]
            keys = [
                pyrage.x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")
            ]
    except pyrage.IdentityError:
        keys = []
    if not keys:
        raise InputError(
            "the identity file holds no age or SSH key", remedy="give the file with your secret key"
        )
    try:
        opened: bytes = pyrage.decrypt(data, keys)
    except pyrage.DecryptError:
        raise AccessError(
            "the package does not open: it is for another key, or was changed or torn on the way",
            where=where,
            remedy="check the key; if it is the right one, ask for the file again",
        ) from None
    return opened
