"""A long short-term memory as machine code, where the extra `compile` is installed.

The sequences of a batch do not know of each other: each thread takes some of them through all moments. At a moment, the
gates of a few sequences and of one vector of units are summed in registers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.numpy import Array
from adjoint.native.code import machine
from adjoint.native.math import sigmoid, tanh
from adjoint.native.threads import get_num_threads
from adjoint.native.writer import Writer, family

#: multiplications from which on a layer is worth compiling for
_WORTH = 1 << 25
_GATES = 4


def _abreast() -> int:
    """How many sequences are worked on at a time: as many as have registers for the sums of four gates."""
    return 4 if machine().vector_bytes == 64 else 2


def fits(cell: Array, w_hh: Array, batch_sizes: Sequence[int]) -> bool:
    """Whether a layer is large, its sequences are of one length, and its units fill vectors."""
    kind, units = w_hh.dtype, w_hh.shape[1]
    return (
        len(batch_sizes) * batch_sizes[0] * w_hh.size >= _WORTH
        and kind.type in (np.float32, np.float64)
        and cell.dtype == kind
        and batch_sizes[0] == batch_sizes[-1]
        and _kernels(kind) is not None
        and units % (machine().vector_bytes // kind.itemsize) == 0
        and batch_sizes[0] >= _abreast()
    )


def _run(name: str, arrays: Sequence[Array], batch: int, units: int, moments: int, reverse: bool) -> None:
    abreast = _abreast()
    each = max(batch // get_num_threads() // abreast, 1) * abreast  # sequences of a chunk; the last one takes the rest
    chunks = batch // each
    order = (moments - 1, -1) if reverse else (0, 1)
    kernels = _kernels(arrays[0].dtype)
    assert kernels is not None
    kernels[name](arrays, (batch, units, moments, *order, each, chunks), chunks)


def forward(inputs: Array, hidden: Array, cell: Array, w_hh: Array, moments: int, reverse: bool) -> tuple[Array, ...]:
    """Outputs, gates, cells and their tangents, for as many sequences at all moments."""
    batch, units = cell.shape
    lanes = machine().vector_bytes // w_hh.dtype.itemsize
    weight = w_hh.reshape(_GATES, units // lanes, lanes, units).transpose(1, 3, 0, 2)
    gates = np.empty(inputs.shape, inputs.dtype)
    out, cells, squashed = (np.empty((len(inputs), units), inputs.dtype) for _ in range(3))
    given = (np.ascontiguousarray(each) for each in (inputs, weight, hidden, cell))
    arrays = [*given, gates, out, cells, squashed]
    _run("forward", arrays, batch, units, moments, reverse)
    return out, gates, cells, squashed


def backward(
    g_out: Array, g_hidden: Array, g_cell: Array, cell: Array, gates: Array, cells: Array, squashed: Array, w_hh: Array,
    moments: int, reverse: bool,
) -> tuple[Array, Array, Array]:  # fmt: skip
    """The gradients of the gates' arguments, of the first hidden states and of the first cells."""
    batch, units = cell.shape
    flat = np.empty(gates.shape, gates.dtype)
    gh, gc = np.array(g_hidden, order="C"), np.array(g_cell, order="C")
    given = (np.ascontiguousarray(each) for each in (g_out, cell, gates, cells, squashed, w_hh))
    _run("backward", [*given, flat, gh, gc], batch, units, moments, reverse)
    return flat, gh, gc


# --- what is compiled ------------------------------------------------------------------------------------------------


def _through(to: Writer, batch: Any, moments: Any, order: Sequence[Any], shares: Sequence[Any], body: Callable) -> None:
    """`body(first, last, moment, before, is_first)` for the sequences of a chunk, moment by moment."""
    (start, step), (each, chunks) = order, shares
    first, following = to.times(to.chunk, each), to.add(to.chunk, 1)
    last = to.code.select(to.code.icmp_signed("==", following, chunks), batch, to.times(following, each))

    def at(count: Any, _: Any) -> None:
        moment = to.add(start, to.times(count, step))
        body(first, last, moment, to.code.sub(moment, step), to.code.icmp_signed("==", count, to.number(0)))

    to.loop(0, moments, 1, at)


def _few(to: Writer, first: Any, last: Any, body: Callable[[list[Any]], None]) -> None:
    """`body` for a few sequences at a time; at the end, some that were had already make up the number."""
    abreast = _abreast()

    def at(row: Any, _: Any) -> None:
        start = to.lesser(row, to.code.sub(last, to.number(abreast)))
        body([to.add(start, k) for k in range(abreast)])

    to.loop(first, last, abreast, at)


def _write_forward(to: Writer) -> None:
    table = to.entries(15)
    inputs, weight, hidden, cell, gates, out, cells, squashed, batch, units, moments, *order_and_shares = table
    order, shares = order_and_shares[:2], order_and_shares[2:]
    lanes = to.lanes

    def at_moment(first: Any, last: Any, moment: Any, before: Any, is_first: Any) -> None:
        rows = to.times(moment, batch)
        earlier = to.code.select(is_first, to.number(0), to.times(before, batch))
        states, old_cells = to.code.select(is_first, hidden, out), to.code.select(is_first, cell, cells)

        def at_units(unit: Any, _: Any) -> None:
            beside = to.times(unit, units, _GATES)

            def gates_of(several: list[Any]) -> None:
                places = [to.add(to.times(to.add(rows, row), units, _GATES), unit) for row in several]
                h = [to.times(to.add(earlier, row), units) for row in several]

                def over_units(k: Any, sums: Sequence[Any]) -> list[Any]:
                    column = to.add(beside, to.times(k, _GATES * lanes))
                    ws = [to.vector_at(weight, to.add(column, gate * lanes)) for gate in range(_GATES)]
                    hs = [to.repeated(states, to.add(each, k)) for each in h]
                    return [to.fused(hs[n // _GATES], ws[n % _GATES], each) for n, each in enumerate(sums)]

                spots = [to.add(place, to.times(gate, units)) for place in places for gate in range(_GATES)]
                sums = to.loop(0, units, 1, over_units, [to.vector_at(inputs, spot) for spot in spots])
                for total, spot in zip(sums, spots, strict=True):
                    to.put(total, gates, spot)

            _few(to, first, last, gates_of)

            def activate(row: Any, _: Any) -> None:
                place = to.add(to.times(to.add(rows, row), units), unit)
                spot = to.add(to.times(to.add(rows, row), units, _GATES), unit)
                spots = [to.add(spot, to.times(gate, units)) for gate in range(_GATES)]
                old = to.vector_at(old_cells, to.add(to.times(to.add(earlier, row), units), unit))
                i, f, g, o, c = to.formula(*(to.vector_at(gates, each) for each in spots), old)
                i, f, g, o = sigmoid(i), sigmoid(f), tanh(g), sigmoid(o)
                c = f * c + i * g
                tanh_c = tanh(c)
                for gate, where in zip((i, f, g, o), spots, strict=True):
                    to.put(gate.value, gates, where)
                for value, array in ((c, cells), (tanh_c, squashed), (o * tanh_c, out)):
                    to.put(value.value, array, place)

            to.loop(first, last, 1, activate)

        to.loop(0, units, lanes, at_units)

    _through(to, batch, moments, order, shares, at_moment)
    to.end()


def _write_backward(to: Writer) -> None:
    table = to.entries(16)
    g_out, cell, gates, cells, squashed, w_hh, flat, gh, gc, batch, units, moments, start, step, *shares = table
    # backwards in time: from the last moment on, each before the one that it was computed from
    last_moment = to.add(start, to.times(to.code.sub(moments, to.number(1)), step))
    back = to.code.sub(to.number(0), step)

    def at_moment(first: Any, last: Any, moment: Any, _: Any, __: Any) -> None:
        rows, is_first = to.times(moment, batch), to.code.icmp_signed("==", moment, start)
        earlier = to.code.select(is_first, to.number(0), to.times(to.code.sub(moment, step), batch))
        old_cells = to.code.select(is_first, cell, cells)

        def slopes(row: Any, _: Any) -> None:
            def at_units(unit: Any, _: Any) -> None:
                place = to.add(to.times(to.add(rows, row), units), unit)
                state = to.add(to.times(row, units), unit)
                spot = to.add(to.times(to.add(rows, row), units, _GATES), unit)
                spots = [to.add(spot, to.times(gate, units)) for gate in range(_GATES)]
                old = to.vector_at(old_cells, to.add(to.times(to.add(earlier, row), units), unit))
                i, f, g, o, before = to.formula(*(to.vector_at(gates, each) for each in spots), old)
                tanh_c, arriving = to.vector_at(squashed, place), to.vector_at(g_out, place)
                tanh_c, arriving, h, c = to.formula(tanh_c, arriving, to.vector_at(gh, state), to.vector_at(gc, state))
                h = h + arriving
                c = c + h * o * (1.0 - tanh_c * tanh_c)
                by_gates = (
                    c * g * (i * (1.0 - i)), c * before * (f * (1.0 - f)), c * i * (1.0 - g * g), h * tanh_c * (o * (1.0 - o)),
                )  # fmt: skip
                for by_gate, where in zip(by_gates, spots, strict=True):
                    to.put(by_gate.value, flat, where)
                to.put((c * f).value, gc, state)

            to.loop(0, units, to.lanes, at_units)

        to.loop(first, last, 1, slopes)

        def states(width: int) -> Callable[..., None]:
            def at_units(unit: Any, _: Any) -> None:
                def of(several: list[Any]) -> None:
                    gradients = [to.times(to.add(rows, row), units, _GATES) for row in several]

                    def over_gates(k: Any, sums: Sequence[Any]) -> list[Any]:
                        column = to.add(to.times(k, units), unit)
                        ws = [to.vector_at(w_hh, to.add(column, n * to.lanes)) for n in range(width)]
                        gs = [to.repeated(flat, to.add(each, k)) for each in gradients]
                        return [to.fused(gs[n // width], ws[n % width], each) for n, each in enumerate(sums)]

                    nothing = [to.vector(None)] * (width * len(several))
                    sums = to.loop(0, to.times(units, _GATES), 1, over_gates, nothing)
                    for n, total in enumerate(sums):
                        state = to.add(to.times(several[n // width], units), unit, n % width * to.lanes)
                        to.put(total, gh, state)

                _few(to, first, last, of)

            return at_units

        to.loop_abreast(units, to.lanes, _GATES, states)

    _through(to, batch, moments, (last_moment, back), shares, at_moment)
    to.end()


_kernels = family("recurrence", forward=_write_forward, backward=_write_backward)
