"""Signed documents: DSSE envelopes in one canonical form, with a threshold of signers.

A reader that forgives stray bytes would let a flipped one pass, so an envelope is accepted only if writing it again
gives exactly the bytes that were read.

References: DSSE 1.0.2, https://github.com/secure-systems-lab/dsse; in-toto attestation Statement v1.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import UnverifiedSignatureError, VerificationError
from securesystemslib.signer._key import SSlibKey
from securesystemslib.signer._signature import Signature

from plumeline.errors import AccessError, InputError
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from plumeline.access.keys import SigningKey

STATEMENT_TYPE = "application/vnd.in-toto+json"
"""Payload type of in-toto statements."""


def sign_payload(payload: Any, payload_type: str, keys: Iterable[SigningKey]) -> bytes:
    """An envelope over a JSON payload.

    Args:
        payload: anything canonical JSON can write.
        payload_type: its media type.
        keys: who signs.

    Returns:
        The envelope's bytes.
    """
    body = canonical_json(payload).encode()
    made = Envelope(body, payload_type, {})
    for key in keys:
        made.signatures[key.public_hex] = Signature(key.public_hex, key.sign(made.pae()).hex())
    return write_envelope(made)


def write_envelope(envelope: Envelope) -> bytes:
    """The canonical bytes of an envelope: sorted keys, signatures sorted by key, one final line end."""
    plain = envelope.to_dict()
    plain["signatures"] = sorted(plain["signatures"], key=lambda signature: str(signature["keyid"]))
    return canonical_json(plain).encode() + b"\n"


def add_signatures(body: bytes, payload_type: str, signatures: Mapping[str, bytes]) -> bytes:
    """An envelope over given payload bytes and detached signatures.

    Args:
        body: the payload.
        payload_type: its media type.
        signatures: public key (hexadecimal) to signature over the payload's `pae`.

    Returns:
        The envelope's bytes.
    """
    return write_envelope(
        Envelope(body, payload_type, {key: Signature(key, sig.hex()) for key, sig in signatures.items()})
    )


def pae(body: bytes, payload_type: str) -> bytes:
    """The bytes that a DSSE signature is over."""
    made: bytes = Envelope(body, payload_type, {}).pae()
    return made


def open_envelope(
    data: bytes, *, payload_type: str, trusted: Iterable[str], threshold: int = 1, where: str = ""
) -> tuple[Any, tuple[str, ...]]:
    """The payload of an envelope, once enough trusted keys have signed it.

    Args:
        data: the envelope's bytes.
        payload_type: the media type it must have.
        trusted: public keys (hexadecimal) that count.
        threshold: how many of them must have signed.
        where: the file's name, for the error's text.

    Returns:
        The payload and the keys that signed it, sorted.

    Raises:
        AccessError: too few trusted keys have signed exactly this.
        InputError: it is no envelope in canonical form.
    """
    envelope = read_envelope(data, payload_type=payload_type, where=where)
    keys = [SSlibKey(key, "ed25519", "ed25519", {"public": key}) for key in sorted(set(trusted))]
    good: list[str] = []
    message = envelope.pae()
    for key in keys:
        signature = envelope.signatures.get(key.keyid)
        if signature is not None:
            try:
                key.verify_signature(signature, message)
                good.append(key.keyid)
            except (UnverifiedSignatureError, VerificationError):
                continue
    if len(good) < max(1, threshold) or len(good) != len(envelope.signatures):
        raise AccessError(
            f"{len(good)} of {len(envelope.signatures)} signatures are good and trusted, and {threshold} are needed",
            where=where,
            remedy="compare the signers' keys with those you were given on another way; do not use the content",
        )
    return json.loads(envelope.payload), tuple(good)


def read_envelope(data: bytes, *, payload_type: str, where: str = "") -> Envelope:
    """An envelope whose form is right; its signatures are not checked here.

    Args:
        data: the envelope's bytes.
        payload_type: the media type it must have.
        where: the file's name, for the error's text.

    Returns:
        The envelope.

    Raises:
        InputError: it is no envelope of this type in canonical form.
    """
    try:
        envelope = Envelope.from_dict(json.loads(data))
        canonical = write_envelope(envelope)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, base64.binascii.Error):  # type: ignore[attr-defined]
        raise InputError("not a signed document", where=where, remedy="ask for the file again") from None
    if canonical != data or envelope.payload_type != payload_type:
        raise InputError(
            "a signed document that was changed, or is of another kind",
            where=where,
            remedy="ask for the file again",
        )
    return envelope
