"""Putting a release together: payload files, bag, statement, two signatures, one archive."""

from __future__ import annotations

from importlib.resources import files as resources
from typing import TYPE_CHECKING

from plumeline.access.envelope import STATEMENT_TYPE, add_signatures, pae
from plumeline.access.keys import is_signed
from plumeline.access.records import to_plain
from plumeline.errors import AccessError
from plumeline.packages.bag import Files, make_bag, pack
from plumeline.packages.dossier import dossier_pdf
from plumeline.packages.exchange import (
    case_uco,
    cursor_on_target,
    geojson,
    geopackage,
    kml,
    prov_json,
    ro_crate,
    stix,
)
from plumeline.packages.minisign import is_file_signed, sign_file
from plumeline.packages.texts import LANGUAGES
from plumeline.packages.verify import SIGNERS, release_folder
from plumeline.provenance import canonical_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from plumeline.access.keys import SigningKey
    from plumeline.packages.content import Content


def payload_files(content: Content, receipt_key: SigningKey, raw: Mapping[str, bytes]) -> Files:
    """The files a package holds, by name below `data/`.

    Args:
        content: what it says.
        receipt_key: the key the recipient signs its answers with; it is in the page and nowhere else.
        raw: raw recordings, name to content.

    Returns:
        Name to content.
    """
    made: Files = {f"dossier-{language}.pdf": dossier_pdf(content, language) for language in LANGUAGES}
    made |= {
        "case.json": canonical_json(to_plain(content)).encode() + b"\n",
        "case.jsonld": case_uco(content),
        "findings.cot.xml": cursor_on_target(content),
        "findings.geojson": geojson(content),
        "findings.gpkg": geopackage(content),
        "findings.kml": kml(content),
        "open-me.html": page(content, receipt_key),
        "prov.json": prov_json(content),
        "stix.json": stix(content),
        **raw,
    }
    made["ro-crate-metadata.json"] = ro_crate(content, made)
    return made


def page(content: Content, receipt_key: SigningKey) -> bytes:
    """The page that checks the package and makes answers, without a network."""
    text = resources("plumeline.packages").joinpath("static/open-me.html").read_text(encoding="utf-8")
    for name, value in {
        "@PACKAGE@": content.release,
        "@RECEIPT_SEED@": receipt_key.seed.hex(),
        "@RECEIPT_PUBLIC@": receipt_key.public_hex,
        "@EXERCISE@": "true" if content.exercise else "false",
    }.items():
        text = text.replace(name, value)
    return text.encode()


def bag_of(content: Content, receipt_key: SigningKey, raw: Mapping[str, bytes] | None = None) -> Files:
    """The bag of a package.

    Args:
        content: what it says.
        receipt_key: the key its answers are signed with.
        raw: raw recordings, name to content; None for their digests alone.

    Returns:
        All files of the bag.
    """
    return make_bag(
        payload_files(content, receipt_key, raw or {}),
        {
            "Source-Organization": content.handling.originator,
            "External-Identifier": content.release,
            "Bagging-Date": f"{content.prepared:%Y-%m-%d}",
            "Bag-Software-Agent": f"plumeline {content.version}",
        },
    )


def sign_statement(statement: bytes, key: SigningKey) -> dict[str, str]:
    """One person's two signatures over a statement: for the envelope and for minisign."""
    return {
        "dsse": key.sign(pae(statement, STATEMENT_TYPE)).hex(),
        "minisign": sign_file(statement, key),
    }


def require_signature(statement: bytes, signature: Mapping[str, str], public_hex: str) -> None:
    """Raise unless a person's two signatures are good.

    Args:
        statement: the signed bytes.
        signature: what `sign_statement` gave.
        public_hex: the person's public key.

    Raises:
        AccessError: one of them is not that key's.
    """
    if not (
        is_signed(pae(statement, STATEMENT_TYPE), bytes.fromhex(signature["dsse"]), public_hex)
        and is_file_signed(statement, signature["minisign"], public_hex)
    ):
        raise AccessError("this signature is not the actor's over this release")


def archive(
    bag: Files,
    statement: bytes,
    signatures: Mapping[str, tuple[str, Mapping[str, str]]],
    *,
    release: str,
    timestamp: bytes | None = None,
) -> bytes:
    """The finished archive, ready to be sealed.

    Args:
        bag: the bag's files.
        statement: the signed bytes.
        signatures: role ("concluded", "released") to public key and signatures.
        release: names the folder.
        timestamp: an RFC 3161 response over the envelope, if there is one.

    Returns:
        The tar's bytes.
    """
    files = {
        **bag,
        **release_folder(statement, {role: signatures[role][0] for role in SIGNERS}),
        "release/release.dsse.json": envelope_of(statement, signatures),
    }
    for role in SIGNERS:
        files[f"release/{role}.minisig"] = signatures[role][1]["minisign"].encode()
        files[f"release/{role}.sig"] = bytes.fromhex(signatures[role][1]["dsse"])
    if timestamp is not None:
        files["release/release.tsr"] = timestamp
    return pack(files, release)


def envelope_of(statement: bytes, signatures: Mapping[str, tuple[str, Mapping[str, str]]]) -> bytes:
    """The DSSE envelope with both signatures."""
    return add_signatures(
        statement, STATEMENT_TYPE, {key: bytes.fromhex(both["dsse"]) for key, both in signatures.values()}
    )
