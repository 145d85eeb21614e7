"""Recurrent layers over whole sequences: one matrix product and a few steps of arithmetic per moment, in memory set aside.

The sequences of a batch lie packed: the rows of the first moment, then those of the second, and so on, the longest
sequence first; `batch_sizes` says how many sequences reach each moment. A moment touches the first rows of the states
only: where sequences have ended their last state stays, and, in reverse, where they have not begun yet, their first.

What a moment adds to the gates from the layer's input is given; it does not depend on the recurrence. The kernels
return what their derivatives want: the gates, and parts of the states. The derivatives go back through time once, with
the slopes of all gates computed beforehand, and gather the gradients of the weights in one product each.

For short sequences the calls of NumPy are what takes time, so there are as few of them as can be in a moment. A sigmoid
is a hyperbolic tangent, scaled and moved: `(tanh(x / 2) + 1) / 2`. So one call serves all gates, and halving their
arguments is left to the weights.

LSTM: https://doi.org/10.1162/neco.1997.9.8.1735, GRU: https://arxiv.org/abs/1406.1078.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from adjoint.arrays.kernels import compiled_recurrence as compiled
from adjoint.arrays.numpy import Array

Steps = tuple[int, ...]


@lru_cache(maxsize=256)
def moments(batch_sizes: Steps, reverse: bool) -> list[tuple[slice, int]]:
    """The rows of each moment, and how many they are, in the order of computation."""
    stops = np.cumsum(batch_sizes).tolist()
    found = [(slice(stop - count, stop), count) for stop, count in zip(stops, batch_sizes, strict=True)]
    return found[::-1] if reverse else found


@lru_cache(maxsize=256)
def _places_before(batch_sizes: Steps, reverse: bool) -> np.ndarray:
    """For each row, where the state that it starts from stands among the first states, followed by those of all rows."""
    latest = np.arange(batch_sizes[0])
    places = np.empty(sum(batch_sizes), np.intp)
    for part, count in moments(batch_sizes, reverse):
        places[part] = latest[:count]
        latest[:count] = np.arange(part.start, part.stop) + batch_sizes[0]
    return places


def _before(first: Array, states: Array, batch_sizes: Steps, reverse: bool) -> Array:
    """The states that the rows start from."""
    return np.concatenate([first, states]).take(_places_before(batch_sizes, reverse), axis=0)


def _by_moment(x: Array, batch_sizes: Steps, reverse: bool) -> list[Array]:
    """The rows of each moment, in the order of computation."""
    return [x[part] for part, _ in moments(batch_sizes, reverse)]


def _in_type(dtype: np.dtype, *arrays: Array) -> Iterator[Array]:
    """Arrays in the type that is computed in: results of 16 bits were rounded when they were kept."""
    return (each.astype(dtype, copy=False) for each in arrays)


class _State:
    """A state between two moments with different numbers of sequences, and at the end."""

    def __init__(self, first: Array) -> None:
        self.first = first
        self.last = first.copy()

    def resized(self, state: Array, count: int) -> Array:
        """The state of `count` sequences: those that have ended keep theirs, those that begin have their first one."""
        have = len(state)
        if count < have:
            self.last[count:have] = state[count:]
            return state[:count]
        return np.concatenate([state, self.first[have:count]])

    def ended(self, state: Array) -> Array:
        """The last state of each sequence."""
        self.last[: len(state)] = state
        return self.last


# --- long short-term memory --------------------------------------------------------------------------------------


def _halves(size: int, dtype: np.dtype) -> tuple[Array, Array]:
    """What makes sigmoids of the tangents of the gates i, f and o: the factor, and what is added. g is a tangent."""
    scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], dtype), size)
    return scale, 1 - scale


def lstm(
    inputs: Array, hidden: Array, cell: Array, w_hh: Array, *w_hr: Array, batch_sizes: Steps, reverse: bool
) -> tuple[Array, ...]:
    """Outputs, last hidden and cell states; gates, in the order i, f, g, o; cells of all rows and their tangents."""
    if not w_hr and compiled.fits(cell, w_hh, batch_sizes):
        count, moments = batch_sizes[0], len(batch_sizes)
        out, gates, cells, squashed = compiled.forward(inputs, hidden, cell, w_hh, moments, reverse)
        last = slice(count) if reverse else slice(-count, None)
        return out, out[last].copy(), cells[last].copy(), gates, cells, squashed
    rows, size, kind = len(inputs), cell.shape[1], inputs.dtype
    scales, shifts = (np.tile(each, (len(cell), 1)) for each in _halves(size, kind))  # whole: quicker than one row
    weight = np.ascontiguousarray(w_hh.T)
    gates = np.empty(inputs.shape, kind)
    cells, squashed = np.empty((2, rows, size), kind)
    out = np.empty((rows, hidden.shape[1]), kind)
    each = gates.reshape(rows, 4, size)
    hidden_state, cell_state = _State(hidden), _State(cell)
    h, c, count = hidden[:0], cell[:0], -1
    arrays = (inputs, gates, each[:, 0], each[:, 1], each[:, 2], each[:, 3], cells, squashed, out)
    for given, gate, i, f, g, o, next_c, tanh_c, next_h in zip(*(_by_moment(x, batch_sizes, reverse) for x in arrays)):
        if len(gate) != count:
            count = len(gate)
            h, c = hidden_state.resized(h, count), cell_state.resized(c, count)
            total, product = np.empty((count, 4 * size), kind), np.empty((count, size), kind)
            scale, shift = scales[:count], shifts[:count]
        np.dot(h, weight, total)
        total += given
        total *= scale
        np.tanh(total, total)
        total *= scale
        np.add(total, shift, gate)
        np.multiply(f, c, next_c)
        np.multiply(i, g, product)
        next_c += product
        np.tanh(next_c, tanh_c)
        if w_hr:
            np.multiply(o, tanh_c, product)
            np.dot(product, w_hr[0].T, next_h)
        else:
            np.multiply(o, tanh_c, next_h)
        h, c = next_h, next_c
    return out, hidden_state.ended(h), cell_state.ended(c), gates, cells, squashed


def lstm_backward(
    g_out: Array, g_hidden: Array, g_cell: Array, inputs: Array, hidden: Array, cell: Array, out: Array, gates: Array,
    cells: Array, squashed: Array, w_hh: Array, *w_hr: Array, batch_sizes: Steps, reverse: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """The gradients of the inputs, of both states and of the weights."""
    g_out, g_hidden, g_cell, out, gates, cells, squashed = _in_type(
        w_hh.dtype, g_out, g_hidden, g_cell, out, gates, cells, squashed
    )
    if not w_hr and compiled.fits(cell, w_hh, batch_sizes):
        flat, gh, gc = compiled.backward(
            g_out, g_hidden, g_cell, cell, gates, cells, squashed, w_hh, len(batch_sizes), reverse
        )
        return flat, gh, gc, flat.T @ _before(hidden, out, batch_sizes, reverse)
    rows, size = cells.shape
    each = gates.reshape(rows, 4, size)
    halves, shift = _halves(size, gates.dtype)
    flat = gates - shift  # to begin with the slopes of the gates: y - y ** 2 is 1 / 4 - (y - 1 / 2) ** 2
    np.square(flat, flat)
    np.subtract(np.square(halves), flat, flat)
    gradients = flat.reshape(rows, 4, size)
    gradients[:, 0] *= each[:, 2]
    gradients[:, 1] *= _before(cell, cells, batch_sizes, reverse)
    gradients[:, 2] *= each[:, 0]
    gradients[:, 3] *= squashed
    slopes = np.square(squashed)
    np.subtract(1, slopes, slopes)
    slopes *= each[:, 3]
    projected = np.empty_like(out)
    gh, gc, count = g_hidden.copy(), g_cell.copy(), -1
    arrays = (flat, gradients[:, :3], gradients[:, 3], slopes, each[:, 1], g_out, projected)
    for gradient, by_cell, by_hidden, slope, f, arriving, kept in zip(
        *(reversed(_by_moment(x, batch_sizes, reverse)) for x in arrays)
    ):
        if len(gradient) != count:
            count = len(gradient)
            h, c, wide, product = gh[:count], gc[:count], gc[:count, None], np.empty((count, size), cells.dtype)
        h += arriving
        from_hidden = h
        if w_hr:
            kept[...] = h
            from_hidden = h @ w_hr[0]
        np.multiply(from_hidden, slope, product)
        c += product
        by_cell *= wide
        by_hidden *= from_hidden
        c *= f
        np.dot(gradient, w_hh, h)
    of_weight = flat.T @ _before(hidden, out, batch_sizes, reverse)
    return flat, gh, gc, of_weight, *(projected.T @ (each[:, 3] * squashed) for _ in w_hr)


# --- gated recurrent units ---------------------------------------------------------------------------------------


def gru(
    inputs: Array, hidden: Array, w_hh: Array, *b_hh: Array, batch_sizes: Steps, reverse: bool
) -> tuple[Array, ...]:
    """Outputs, the last states; gates, in the order r, z, n; what the states add to n before it is reset."""
    rows, size, kind = len(inputs), hidden.shape[1], inputs.dtype
    scale = np.full(3 * size, 0.5, kind)
    scale[2 * size :] = 1
    weight = np.multiply(w_hh.T, scale, np.empty(w_hh.T.shape, kind))
    gates = np.multiply(inputs, scale, np.empty(inputs.shape, kind))
    bias = kind.type(0)
    if b_hh:
        gates[:, : 2 * size] += 0.5 * b_hh[0][: 2 * size]
        bias = b_hh[0][2 * size :]
    out, added = np.empty((2, rows, size), kind)
    each, state = gates.reshape(rows, 3, size), _State(hidden)
    h, count = hidden[:0], -1
    arrays = (gates[:, : 2 * size], each[:, 0], each[:, 1], each[:, 2], added, out)
    for both, r, z, n, add, next_h in zip(*(_by_moment(x, batch_sizes, reverse) for x in arrays)):
        if len(both) != count:
            count = len(both)
            h = state.resized(h, count)
            recurrent, product = np.empty((count, 3 * size), kind), np.empty((count, size), kind)
            to_both, to_n = recurrent[:, : 2 * size], recurrent[:, 2 * size :]
        np.dot(h, weight, recurrent)
        both += to_both
        np.tanh(both, both)
        both *= 0.5
        both += 0.5
        np.add(to_n, bias, add)
        np.multiply(r, add, product)
        n += product
        np.tanh(n, n)
        np.subtract(h, n, next_h)
        next_h *= z
        next_h += n
        h = next_h
    return out, state.ended(h), gates, added


def gru_backward(
    g_out: Array, g_hidden: Array, inputs: Array, hidden: Array, out: Array, gates: Array, added: Array, w_hh: Array,
    *b_hh: Array, batch_sizes: Steps, reverse: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """The gradients of the inputs, of the state, of the weight and of the bias."""
    g_out, g_hidden, out, gates, added = _in_type(w_hh.dtype, g_out, g_hidden, out, gates, added)
    rows, size = out.shape
    each = gates.reshape(rows, 3, size)
    r, z, n = each[:, 0], each[:, 1], each[:, 2]
    before = _before(hidden, out, batch_sizes, reverse)
    kept = 1 - z
    fresh = kept * (1 - np.square(n))  # to begin with, slopes: of the argument of the tangent in n,
    gradients = np.empty((rows, 3, size), out.dtype)  # and of what the states add to the gates
    np.multiply(fresh, r, gradients[:, 2])
    np.multiply(gradients[:, 2], added * (1 - r), gradients[:, 0])
    np.multiply(before - n, kept * z, gradients[:, 1])
    flat = gradients.reshape(rows, 3 * size)
    gh, count = g_hidden.copy(), -1
    for of_state, gradient, of_n, update, arriving in zip(
        *(reversed(_by_moment(x, batch_sizes, reverse)) for x in (flat, gradients, fresh, z, g_out))
    ):
        if len(of_state) != count:
            count = len(of_state)
            h, wide, product = gh[:count], gh[:count, None], np.empty((count, size), out.dtype)
        h += arriving
        gradient *= wide
        of_n *= h
        np.dot(of_state, w_hh, product)
        h *= update
        h += product
    of_inputs = flat.copy()
    of_inputs[:, 2 * size :] = fresh
    return of_inputs, gh, flat.T @ before, *(flat.sum(0) for _ in b_hh)


# --- plain recurrence --------------------------------------------------------------------------------------------


def rnn(
    inputs: Array, hidden: Array, w_hh: Array, *, nonlinearity: str, batch_sizes: Steps, reverse: bool
) -> tuple[Array, ...]:
    """Outputs, and the last states, of a layer whose state is all that it has: its tangent or its positive part."""
    weight, out, state = np.ascontiguousarray(w_hh.T), np.empty(inputs.shape, inputs.dtype), _State(hidden)
    h = hidden[:0]
    for given, next_h in zip(*(_by_moment(x, batch_sizes, reverse) for x in (inputs, out))):
        if len(h) != len(given):
            h = state.resized(h, len(given))
        np.dot(h, weight, next_h)
        next_h += given
        if nonlinearity == "tanh":
            np.tanh(next_h, next_h)
        else:
            np.maximum(next_h, 0, out=next_h)
        h = next_h
    return out, state.ended(h)


def rnn_backward(
    g_out: Array, g_hidden: Array, inputs: Array, hidden: Array, out: Array, w_hh: Array, *, nonlinearity: str,
    batch_sizes: Steps, reverse: bool,
) -> tuple[Array, ...]:  # fmt: skip
    """The gradients of the inputs, of the state and of the weight."""
    g_out, g_hidden, out = _in_type(w_hh.dtype, g_out, g_hidden, out)
    gradients = 1 - np.square(out) if nonlinearity == "tanh" else (out > 0).astype(out.dtype)  # the slopes, at first
    gh, h = g_hidden.copy(), g_hidden[:0]
    for gradient, arriving in zip(*(reversed(_by_moment(x, batch_sizes, reverse)) for x in (gradients, g_out))):
        if len(h) != len(gradient):
            h = gh[: len(gradient)]
        h += arriving
        gradient *= h
        np.dot(gradient, w_hh, h)
    return gradients, gh, gradients.T @ _before(hidden, out, batch_sizes, reverse)
