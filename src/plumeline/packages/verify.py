"""Check a package with nothing but the file, the recipient's key and the trust card.

The trust card is a small JSON file that the recipient got on another way: the originator's signing keys by badge
and the audit log's key. Without it a package can be whole, but not known to come from anybody.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from plumeline.access.actors import VerifyKey
from plumeline.access.checkpoint import verify_checkpoint
from plumeline.access.envelope import STATEMENT_TYPE, open_envelope, read_envelope
from plumeline.access.keys import public_pem
from plumeline.access.merkle import is_included
from plumeline.access.records import ActorId, Label, OrganisationId, from_plain, record
from plumeline.errors import AccessError, InputError
from plumeline.packages.bag import RELEASE_FOLDER, bag_faults, unpack
from plumeline.packages.content import Content
from plumeline.packages.minisign import is_file_signed, public_file
from plumeline.packages.seal import unseal
from plumeline.packages.statement import Predicate, statement_bytes
from plumeline.packages.timestamp import check, stamped_at

if TYPE_CHECKING:
    from collections.abc import Mapping

AGE_MAGIC = b"age-encryption.org/v1"
SIGNERS = {"concluded": "concluded_by", "released": "released_by"}
"""Role in file names to the predicate's field."""


@record
class TrustCard:
    """What a recipient must know of the originator, on another way than the package."""

    organisation: OrganisationId
    """Whose card."""
    signers: dict[ActorId, VerifyKey]
    """Badge to public key."""
    log_name: Label
    """Name of the audit log."""
    log_key: VerifyKey
    """Its public key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A package that passed every check."""

    predicate: Predicate
    """What was signed."""
    content: Content
    """What it says."""
    files: Mapping[str, bytes]
    """All its files."""
    checks: tuple[str, ...]
    """What was checked, in plain sentences."""


def read_card(data: bytes, *, where: str = "") -> TrustCard:
    """A trust card from its file.

    Args:
        data: the file's bytes.
        where: its name, for the error's text.

    Returns:
        The card.

    Raises:
        InputError: it is no trust card.
    """
    try:
        plain = json.loads(data)
    except ValueError:
        raise InputError("not a trust card", where=where, remedy="ask the originator for its card") from None
    return from_plain(TrustCard, plain, where=where)


def verify_package(
    data: bytes,
    card: TrustCard,
    *,
    identity: str | None,
    time_roots: bytes | None = None,
    where: str = "",
) -> Verified:
    """Check a sealed or an opened package.

    Args:
        data: the `.age` file, or the tar inside it.
        card: the originator's trust card.
        identity: text of the recipient's key file; not needed for a tar.
        time_roots: root certificates (PEM) of a time-stamping authority, if its stamp is to be checked.
        where: the file's name, for the error's text.

    Returns:
        What it says.

    Raises:
        AccessError: it does not open, or its signatures or proofs are not good.
        InputError: it is torn, was changed, or is no package.
    """
    checks = []
    if data.startswith(AGE_MAGIC):
        if identity is None:
            raise InputError("the package is sealed", where=where, remedy="give your key with --identity")
        data = unseal(data, identity, where=where)
        checks.append("it opens with your key")
    folder, files = unpack(data, where=where)
    checks.append("the archive is whole and in its one form")
    predicate, content = verify_files(files, card, where=where)
    if folder != predicate.release:
        raise InputError("the folder's name is not the release's", where=where)
    return Verified(
        predicate=predicate,
        content=content,
        files=files,
        checks=(
            *checks,
            "every file has the digest its manifests say, and there is no other file",
            f"{predicate.concluded_by} concluded and {predicate.released_by} released exactly this, both signatures good",
            "minisign's signatures agree",
            "the release stands in the originator's audit log",
            *_check_time(files, time_roots, where),
        ),
    )


def _check_time(files: Mapping[str, bytes], roots: bytes | None, where: str) -> tuple[str, ...]:
    """Sentences on the time-stamp, if there is one or must be.

    Raises:
        AccessError: it is not over this release, not by that authority, or missing where it was asked for.
    """
    stamp = files.get("release/release.tsr")
    if stamp is None:
        if roots is not None:
            raise AccessError("the package brings no time-stamp", where=where)
        return ()
    envelope = _need(files, "release/release.dsse.json", where)
    if roots is None:
        return (f"it brings a time-stamp of {stamped_at(stamp, envelope)}; by whom was not checked (--tsa)",)
    return (f"the time-stamping authority saw it at {check(stamp, envelope, roots)}",)


def verify_files(
    files: Mapping[str, bytes], card: TrustCard, *, where: str = ""
) -> tuple[Predicate, Content]:
    """Check the files of an opened package.

    Args:
        files: relative path to content.
        card: the originator's trust card.
        where: the package's name, for the error's text.

    Returns:
        What was signed, and what the package says.

    Raises:
        AccessError: its signatures or proofs are not good.
        InputError: a file is missing, changed or too much.
    """
    bag = {name: data for name, data in files.items() if not name.startswith(RELEASE_FOLDER)}
    faults = bag_faults(bag)
    if faults:
        raise InputError("; ".join(faults), where=where, remedy="ask for the file again")
    payload, signed_by = open_envelope(
        _need(files, "release/release.dsse.json", where),
        payload_type=STATEMENT_TYPE,
        trusted=card.signers.values(),
        threshold=2,
        where=where,
    )
    predicate = from_plain(Predicate, payload.get("predicate"), where=where)
    signed = statement_bytes(bag, predicate)
    if signed != _need(files, "release/statement.json", where) or json.loads(signed) != payload:
        raise AccessError("what was signed is not this bag", where=where, remedy="do not use the content")
    _check_signers(predicate, signed_by, card, where)
    _check_release_folder(files, predicate, card, where)
    _check_log(predicate, card, where)
    content = from_plain(Content, json.loads(bag["data/case.json"]), where=where)
    if (content.release, content.handling.recipient) != (predicate.release, predicate.recipient):
        raise InputError("the content is of another release", where=where)
    return predicate, content


def _need(files: Mapping[str, bytes], name: str, where: str) -> bytes:
    if name not in files:
        raise InputError(f"{name} is missing", where=where, remedy="ask for the whole package")
    return files[name]


def _check_signers(predicate: Predicate, signed_by: tuple[str, ...], card: TrustCard, where: str) -> None:
    wanted = {card.signers.get(predicate.concluded_by), card.signers.get(predicate.released_by)}
    if predicate.concluded_by == predicate.released_by or len(wanted) != 2 or set(signed_by) != wanted:
        raise AccessError("the two signatures are not by the two persons named", where=where)
    if predicate.originator != card.organisation:
        raise AccessError("the trust card is another originator's", where=where)


def release_folder(statement: bytes, keys: Mapping[str, str]) -> dict[str, bytes]:
    """The public-key files that let anybody check by hand.

    Args:
        statement: the signed bytes.
        keys: role ("concluded", "released") to public key.

    Returns:
        File name to content.
    """
    made = {"release/statement.json": statement}
    for role, key in keys.items():
        made[f"release/{role}.pub"] = public_file(key).encode()
        made[f"release/{role}.pem"] = public_pem(key).encode()
    return made


def _check_release_folder(
    files: Mapping[str, bytes], predicate: Predicate, card: TrustCard, where: str
) -> None:
    keys = {role: card.signers[getattr(predicate, name)] for role, name in SIGNERS.items()}
    expected = release_folder(_need(files, "release/statement.json", where), keys)
    present = {name: data for name, data in files.items() if name.startswith(RELEASE_FOLDER)}
    envelope = read_envelope(files["release/release.dsse.json"], payload_type=STATEMENT_TYPE, where=where)
    for role, key in keys.items():
        expected[f"release/{role}.sig"] = bytes.fromhex(envelope.signatures[key].signature)
    signatures = {f"release/{role}.minisig": key for role, key in keys.items()}
    extra = (
        set(present) - set(expected) - set(signatures) - {"release/release.dsse.json", "release/release.tsr"}
    )
    wrong = [name for name, data in expected.items() if present.get(name) != data]
    if extra or wrong:
        raise InputError(f"{min([*extra, *wrong])} does not belong to the release", where=where)
    for name, key in signatures.items():
        if not is_file_signed(expected["release/statement.json"], _text(_need(files, name, where)), key):
            raise AccessError(f"{name} is not its signer's", where=where, remedy="do not use the content")


def _text(data: bytes) -> str:
    return data.decode("utf-8", errors="replace")


def _check_log(predicate: Predicate, card: TrustCard, where: str) -> None:
    log = predicate.log
    head = verify_checkpoint(log.checkpoint, {card.log_name: card.log_key}, where=where)
    path = [bytes.fromhex(sibling) for sibling in log.path]
    if not is_included(bytes.fromhex(log.leaf), log.index, head.size, path, head.root):
        raise AccessError("the release is not in the originator's audit log", where=where)
