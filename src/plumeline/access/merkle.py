"""Merkle tree of RFC 6962: root, inclusion proof, consistency proof, and their verification.

References: RFC 6962 section 2.1; RFC 9162 sections 2.1.3.2 and 2.1.4.2 (verification algorithms).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

EMPTY_ROOT = hashlib.sha256(b"").digest()
"""Root of a tree with no leaf."""


def leaf_hash(data: bytes) -> bytes:
    """Hash of a leaf; the prefix keeps a leaf from passing for a node."""
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash of an inner node."""
    return hashlib.sha256(b"\x01" + left + right).digest()


def root(leaves: Sequence[bytes]) -> bytes:
    """Root over leaf hashes, by folding complete subtrees as RFC 6962 defines them.

    Args:
        leaves: hashes of the leaves, in order.

    Returns:
        32 bytes.
    """
    peaks: list[tuple[int, bytes]] = []
    for leaf in leaves:
        size, value = 1, leaf
        while peaks and peaks[-1][0] == size:
            value = node_hash(peaks.pop()[1], value)
            size *= 2
        peaks.append((size, value))
    if not peaks:
        return EMPTY_ROOT
    value = peaks.pop()[1]
    while peaks:
        value = node_hash(peaks.pop()[1], value)
    return value


def _split(size: int) -> int:
    return 1 << (size - 1).bit_length() - 1


def inclusion_proof(leaves: Sequence[bytes], index: int) -> list[bytes]:
    """Siblings that lead from one leaf to the root.

    Args:
        leaves: hashes of the leaves.
        index: which leaf, from 0.

    Returns:
        Hashes from the leaf upward.

    Raises:
        IndexError: there is no such leaf.
    """
    if not 0 <= index < len(leaves):
        raise IndexError(index)
    if len(leaves) == 1:
        return []
    k = _split(len(leaves))
    if index < k:
        return [*inclusion_proof(leaves[:k], index), root(leaves[k:])]
    return [*inclusion_proof(leaves[k:], index - k), root(leaves[:k])]


def is_included(leaf: bytes, index: int, size: int, proof: Sequence[bytes], tree_root: bytes) -> bool:
    """Whether a proof leads from the leaf at `index` to the root of a tree of `size` leaves."""
    if not 0 <= index < size:
        return False
    position, last, value = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            return False
        if position & 1 or position == last:
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and value == tree_root


def consistency_proof(leaves: Sequence[bytes], old_size: int) -> list[bytes]:
    """Hashes that show the tree of `old_size` leaves to be the beginning of this one.

    Args:
        leaves: hashes of all leaves now.
        old_size: how many there were.

    Returns:
        Hashes as RFC 6962 orders them; empty when the sizes are equal.

    Raises:
        IndexError: the old tree is empty or larger than this one.
    """
    if not 0 < old_size <= len(leaves):
        raise IndexError(old_size)
    return _subproof(leaves, old_size, complete=True)


def _subproof(leaves: Sequence[bytes], old_size: int, *, complete: bool) -> list[bytes]:
    if old_size == len(leaves):
        return [] if complete else [root(leaves)]
    k = _split(len(leaves))
    if old_size <= k:
        return [*_subproof(leaves[:k], old_size, complete=complete), root(leaves[k:])]
    return [*_subproof(leaves[k:], old_size - k, complete=False), root(leaves[:k])]


def is_consistent(
    old_size: int, old_root: bytes, size: int, tree_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether a proof shows one tree head to be the beginning of another."""
    if not 0 < old_size <= size:
        return False
    if old_size == size:
        return not proof and old_root == tree_root
    path = list(proof)
    if old_size & (old_size - 1) == 0:
        path.insert(0, old_root)
    if not path:
        return False
    position, last = old_size - 1, size - 1
    while position & 1:
        position >>= 1
        last >>= 1
    old_value = value = path[0]
    for sibling in path[1:]:
        if last == 0:
            return False
        if position & 1 or position == last:
            old_value = node_hash(sibling, old_value)
            value = node_hash(sibling, value)
            while not position & 1 and position:
                position >>= 1
                last >>= 1
        else:
            value = node_hash(value, sibling)
        position >>= 1
        last >>= 1
    return last == 0 and old_value == old_root and value == tree_root
