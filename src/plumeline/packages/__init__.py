"""Sealed evidence packages: what they say, how two persons sign them, and how a recipient checks them.

In: a concluded case with a complete dossier. Out: one immutable file per recipient (BagIt, DSSE with two
signatures, age), its verification without our database, and signed recall notices.
"""

from plumeline.packages.content import Content, content_of
from plumeline.packages.notice import Notice, NoticeKind, read_notice, sign_notice
from plumeline.packages.release import archive, bag_of, require_signature, sign_statement
from plumeline.packages.seal import seal, unseal
from plumeline.packages.statement import LogProof, Predicate, statement_bytes
from plumeline.packages.verify import TrustCard, Verified, read_card, verify_package

__all__ = [
    "Content",
    "LogProof",
    "Notice",
    "NoticeKind",
    "Predicate",
    "TrustCard",
    "Verified",
    "archive",
    "bag_of",
    "content_of",
    "read_card",
    "read_notice",
    "require_signature",
    "seal",
    "sign_notice",
    "sign_statement",
    "statement_bytes",
    "unseal",
    "verify_package",
]
