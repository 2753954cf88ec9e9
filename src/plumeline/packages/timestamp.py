"""Optional trusted time: an RFC 3161 request over a release's envelope, and the check of what came back.

References: RFC 3161. `openssl ts -verify` checks the same files by hand.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from cryptography import x509
from rfc3161_client import PKIStatus, TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from plumeline.errors import AccessError, InputError

if TYPE_CHECKING:
    from rfc3161_client import TimeStampResponse

GRANTED = {PKIStatus.GRANTED, PKIStatus.GRANTED_WITH_MODS}
NOT_STRICT, BY_HAND = "not a time-stamp response in strict DER", "check it with openssl ts -verify"
_HASHES = {
    "2.16.840.1.101.3.4.2.1": "sha256",
    "2.16.840.1.101.3.4.2.2": "sha384",
    "2.16.840.1.101.3.4.2.3": "sha512",
}


def request(envelope: bytes) -> bytes:
    """The request to send to a time-stamping authority.

    Args:
        envelope: `release.dsse.json`.

    Returns:
        DER bytes (`.tsq`).
    """
    return TimestampRequestBuilder().data(envelope).build().as_bytes()


def stamped_at(response: bytes, envelope: bytes) -> str:
    """The time in a response over an envelope; by whom it was given is not checked.

    Args:
        response: DER bytes (`.tsr`).
        envelope: what was stamped.

    Returns:
        The time, ISO 8601 UTC.

    Raises:
        AccessError: the stamp is over something else, or was not granted.
        InputError: it is no response, or its encoding is not strict DER (then use `openssl ts -verify`).
    """
    decoded = _decoded(response)
    if decoded.status not in GRANTED:
        raise AccessError("the time-stamping authority did not grant this stamp", remedy="ask it again")
    try:
        imprint, time = decoded.tst_info.message_imprint, decoded.tst_info.gen_time
    except ValueError:
        raise InputError(NOT_STRICT, remedy=BY_HAND) from None
    hashed = _HASHES.get(imprint.hash_algorithm.dotted_string)
    if hashed is None or hashlib.new(hashed, envelope).digest() != imprint.message:
        raise AccessError(
            "the time-stamp is not over this release", remedy="send release.tsq to the authority"
        )
    when: str = time.isoformat()
    return when


def check(response: bytes, envelope: bytes, roots_pem: bytes) -> str:
    """When an authority saw the envelope.

    Args:
        response: DER bytes (`.tsr`).
        envelope: what was stamped.
        roots_pem: the authority's root certificates, PEM.

    Returns:
        The time, ISO 8601 UTC.

    Raises:
        AccessError: the stamp is not over this envelope, or not by that authority.
        InputError: it is no response, or its encoding is not strict DER (then use `openssl ts -verify`).
    """
    when = stamped_at(response, envelope)
    builder = VerifierBuilder()
    try:
        for root in x509.load_pem_x509_certificates(roots_pem):
            builder = builder.add_root_certificate(root)
    except ValueError:
        raise InputError("the authority's certificates are not PEM") from None
    try:
        builder.build().verify_message(_decoded(response), envelope)
    except (VerificationError, ValueError):
        raise AccessError("the time-stamp is not that authority's over this release") from None
    return when


def _decoded(response: bytes) -> TimeStampResponse:
    try:
        decoded = decode_timestamp_response(response)
    except ValueError:
        decoded = None
    if decoded is None or decoded.as_bytes() != response:
        raise InputError(NOT_STRICT, remedy=BY_HAND)
    return decoded
