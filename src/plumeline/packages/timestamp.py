"""Optional trusted time: an RFC 3161 request over a release's envelope, and the check of what came back.

References: RFC 3161. `openssl ts -verify` checks the same files by hand.
"""

from __future__ import annotations

from cryptography import x509
from rfc3161_client import TimestampRequestBuilder, VerifierBuilder, decode_timestamp_response
from rfc3161_client.errors import VerificationError

from plumeline.errors import AccessError, InputError


def request(envelope: bytes) -> bytes:
    """The request to send to a time-stamping authority.

    Args:
        envelope: `release.dsse.json`.

    Returns:
        DER bytes (`.tsq`).
    """
    return TimestampRequestBuilder().data(envelope).build().as_bytes()


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
    try:
        decoded = decode_timestamp_response(response)
    except ValueError:
        raise InputError(
            "not a time-stamp response in strict DER", remedy="check it with openssl ts -verify"
        ) from None
    builder = VerifierBuilder()
    for root in x509.load_pem_x509_certificates(roots_pem):
        builder = builder.add_root_certificate(root)
    try:
        builder.build().verify_message(decoded, envelope)
    except VerificationError:
        raise AccessError("the time-stamp is not that authority's over this release") from None
    return decoded.tst_info.gen_time.isoformat()
