"""Instructions that the compiler would not find by itself: a tile of a matrix product in registers, and prefetching.

A detector column of 1000 pixels and 60 bands is too small for a BLAS library, which copies both factors before it
multiplies. Here six rows by sixteen columns of the result stay in vector registers while the sum runs over pixels (or
bands), straight from the cube's own rows.

Reference: Van Zee & van de Geijn, ACM Trans. Math. Softw. 41, 14 (2015) for such micro-kernels.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

ROWS = 6
"""Rows of a tile."""

WIDTH = 16
"""Columns of a tile."""

LANES = 8
"""Numbers in a vector register."""

_VECTORS = WIDTH // LANES
_FLOAT_BYTES = 4
_MULTIPLY_ADD = ("contract",)


def _tile(
    _context: Any,
    _a: Any,
    _a_row: Any,
    _a_step: Any,
    _b: Any,
    _b_step: Any,
    _count: Any,
    _c: Any,
    _c_row: Any,
) -> Any:
    return types.void(*(types.intp,) * 8), _tile_code


def _tile_code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    a, a_row, a_step, b, b_step, count, c, c_row = arguments
    integer, single = ir.IntType(64), ir.FloatType()
    vector = ir.VectorType(single, LANES)
    undefined = ir.Constant(vector, ir.Undefined)
    first = ir.Constant(ir.VectorType(ir.IntType(32), LANES), [0] * LANES)

    def address(base: Any, *, floats: Any = None, kind: Any) -> Any:
        moved = base if floats is None else builder.add(base, builder.mul(floats, _int(_FLOAT_BYTES)))
        return builder.inttoptr(moved, kind.as_pointer())

    def _int(value: int) -> Any:
        return ir.Constant(integer, value)

    entry = builder.block
    loop, done = builder.append_basic_block("tile.sum"), builder.append_basic_block("tile.done")
    builder.branch(loop)
    builder.position_at_end(loop)
    k = builder.phi(integer)
    sums = [builder.phi(vector) for _ in range(ROWS * _VECTORS)]
    row = [
        builder.load(
            address(b, floats=builder.add(builder.mul(k, b_step), _int(LANES * n)), kind=vector), align=4
        )
        for n in range(_VECTORS)
    ]
    grown = []
    for i in range(ROWS):
        place = builder.add(builder.mul(k, a_step), builder.mul(a_row, _int(i)))
        one = builder.insert_element(
            undefined, builder.load(address(a, floats=place, kind=single)), ir.Constant(ir.IntType(32), 0)
        )
        spread = builder.shuffle_vector(one, undefined, first)
        for n in range(_VECTORS):
            product = builder.fmul(spread, row[n], flags=_MULTIPLY_ADD)
            grown.append(builder.fadd(product, sums[i * _VECTORS + n], flags=_MULTIPLY_ADD))
    following = builder.add(k, _int(1))
    for phi, start, then in zip(
        [k, *sums],
        [_int(0), *[ir.Constant(vector, [0.0] * LANES)] * len(sums)],
        [following, *grown],
        strict=True,
    ):
        phi.add_incoming(start, entry)
        phi.add_incoming(then, loop)
    builder.cbranch(builder.icmp_signed("<", following, count), loop, done)
    builder.position_at_end(done)
    for i in range(ROWS):
        for n in range(_VECTORS):
            place = builder.add(builder.mul(c_row, _int(i)), _int(LANES * n))
            builder.store(grown[i * _VECTORS + n], address(c, floats=place, kind=vector), align=4)
    return _context.get_dummy_value()


tile: Any = intrinsic(_tile)
"""`tile(a, a_row, a_step, b, b_step, count, c, c_row)` sets C[i, j] = Σ_k A[i a_row + k a_step] B[k b_step + j].

For 6 x 16 elements; a, b and c are addresses, strides are in floats, count is at least one."""


def _prefetch(_context: Any, _address: Any) -> Any:
    return types.void(types.intp), _prefetch_code


def _prefetch_code(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
    byte, integer = ir.IntType(8).as_pointer(), ir.IntType(32)
    name = "llvm.prefetch.p0i8"
    kind = ir.FunctionType(ir.VoidType(), [byte, integer, integer, integer])
    prefetch = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)
    read, keep, data = (ir.Constant(integer, value) for value in (0, 3, 1))
    builder.call(prefetch, [builder.inttoptr(arguments[0], byte), read, keep, data])
    return _context.get_dummy_value()


prefetch: Any = intrinsic(_prefetch)
"""`prefetch(address)` asks for a cache line: rows of one detector column lie too far apart for the processor to guess."""
