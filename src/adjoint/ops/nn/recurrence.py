"""Recurrent layers: LSTM, GRU and plain recurrence, in several layers and both directions, and their cells.

The part of a layer that goes through time is one record, for all moments of all sequences of a batch: their kernels, and
how the sequences lie in memory, stand in `arrays.kernels.recurrence`. What the gates receive from the layer's input does
not depend on time, and is a product of matrices like any other.

The same recurrence stands here once more, composed of verbs, a moment at a time: forward mode and derivatives of higher
order are those of the composed form.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adjoint.arrays.kernels.recurrence import Steps, moments
from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.arrays.tensor import verb
from adjoint.core import modes
from adjoint.core.autocast import one_under_autocast
from adjoint.core.engine import Captures, run
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tangents import level, tangent, with_tangent
from adjoint.core.tensor import Tensor, edge_of
from adjoint.ops.aliasing import alias
from adjoint.ops.joining import cat, stack
from adjoint.ops.linalg.products import addmm
from adjoint.ops.matrix import matmul
from adjoint.ops.nn.dropout import dropout as dropped
from adjoint.ops.splitting import unbind

# --- the composed form -------------------------------------------------------------------------------------------


def _columns(xp: Any, x: Any, start: int, stop: int) -> Any:
    return xp.getitem(x, (slice(None), slice(start, stop)))


def _times_transposed(xp: Any, x: Any, weight: Any) -> Any:
    return xp.matmul(x, xp.permute_dims(weight, (1, 0)))


def _lstm_step(xp: Any, given: Any, states: Sequence[Any], w_hh: Any, *w_hr: Any) -> tuple[Any, Any]:
    h, c = states
    size = c.shape[1]
    gates = given + _times_transposed(xp, h, w_hh)
    i, f, g, o = (_columns(xp, gates, place * size, (place + 1) * size) for place in range(4))
    c = xp.sigmoid(f) * c + xp.sigmoid(i) * xp.tanh(g)
    h = xp.sigmoid(o) * xp.tanh(c)
    return (_times_transposed(xp, h, w_hr[0]) if w_hr else h), c


def _gru_step(xp: Any, given: Any, states: Sequence[Any], w_hh: Any, *b_hh: Any) -> tuple[Any]:
    (h,) = states
    size = h.shape[1]
    recurrent = _times_transposed(xp, h, w_hh)
    recurrent = recurrent + b_hh[0] if b_hh else recurrent
    gates = xp.sigmoid(_columns(xp, given, 0, 2 * size) + _columns(xp, recurrent, 0, 2 * size))
    reset, update = _columns(xp, gates, 0, size), _columns(xp, gates, size, 2 * size)
    new = xp.tanh(_columns(xp, given, 2 * size, 3 * size) + reset * _columns(xp, recurrent, 2 * size, 3 * size))
    return (new + update * (h - new),)


def _rnn_step(xp: Any, given: Any, states: Sequence[Any], w_hh: Any, *, nonlinearity: str) -> tuple[Any]:
    total = given + _times_transposed(xp, states[0], w_hh)
    return (xp.tanh(total) if nonlinearity == "tanh" else xp.where(total > 0, total, 0),)


def _composed(
    step: Callable, operands: Sequence[Any], count: int, batch_sizes: Steps, reverse: bool, **params: Any
) -> list[Any]:
    """The outputs and the last states of a recurrence: its inputs, `count` states and its weights are given as tensors."""
    xp = tensor_namespace
    inputs, states, weights = operands[0], list(operands[1 : 1 + count]), operands[1 + count :]
    outputs = {}
    for part, present in moments(batch_sizes, reverse):
        given = xp.getitem(inputs, (part,))
        found = step(xp, given, [xp.getitem(each, (slice(0, present),)) for each in states], *weights, **params)
        outputs[part.start] = found[0]
        idle = [xp.getitem(each, (slice(present, None),)) for each in states]
        states = [xp.concat([new, old], 0) for new, old in zip(found, idle, strict=True)]
    return [xp.concat([outputs[start] for start in sorted(outputs)], 0), *states]


def _composed_gradients(
    step: Callable, cotangents: Sequence[Any], operands: Sequence[Any], **params: Any
) -> list[Tensor | None]:
    """The gradients of the composed form, recorded, so that they can be differentiated again."""
    wanted = [place for place, each in enumerate(operands) if each.requires_grad]
    inside = list(operands)
    with modes.mode(grad_enabled=True):
        for place in wanted:
            inside[place] = alias(operands[place])  # the same tensor may be given twice
        outputs = _composed(step, inside, len(cotangents) - 1, **params)
    roots = [(edge_of(out), g) for out, g in zip(outputs, cotangents, strict=True) if out.requires_grad]
    captures = Captures(roots, [edge_of(inside[place]) for place in wanted])
    run(roots, retain_graph=True, create_graph=True, captures=captures)
    gradients: list[Tensor | None] = [None] * len(operands)
    for place, gradient in zip(wanted, captures.gradients, strict=True):
        gradients[place] = gradient
    return gradients


def _composed_tangents(
    step: Callable, tangents: Sequence[Any], operands: Sequence[Any], count: int, **params: Any
) -> list[Tensor | None]:
    """The tangents of the outputs and last states of the composed form."""
    with level() as number:
        duals = [x if t is None else with_tangent(x, t, number) for x, t in zip(operands, tangents, strict=True)]
        return [tangent(each, number) for each in _composed(step, duals, count, **params)]


# --- the records -------------------------------------------------------------------------------------------------


def _lstm_vjp(
    xp: Any, g: Any, inputs: Any, hidden: Any, cell: Any, out: Any, gates: Any, cells: Any, squashed: Any, w_hh: Any,
    w_hr: Any, *, batch_sizes: Steps, reverse: bool,
) -> Any:  # fmt: skip
    return xp.lstm_backward(
        *g, inputs, hidden, cell, out, gates, cells, squashed, w_hh, *w_hr, batch_sizes=batch_sizes, reverse=reverse
    )


@verb("lstm_backward")
def _lstm_backward(g_out: Any, g_hidden: Any, g_cell: Any, *saved: Any, **params: Any) -> list[Tensor | None]:
    operands = (*saved[:3], *saved[7:])
    return _composed_gradients(_lstm_step, (g_out, g_hidden, g_cell), operands, **params)


def _lstm_jvp(
    xp: Any, tangents: Any, inputs: Any, hidden: Any, cell: Any, w_hh: Any, w_hr: Any, *, batch_sizes: Steps, reverse: bool
) -> tuple:  # fmt: skip
    operands = (inputs, hidden, cell, w_hh, *w_hr)
    moved = _composed_tangents(_lstm_step, tangents, operands, 2, batch_sizes=batch_sizes, reverse=reverse)
    return (*moved, None, None, None)


_lstm = general(
    "lstm",
    lambda xp, inputs, hidden, cell, w_hh, *w_hr, batch_sizes, reverse: xp.lstm(
        inputs, hidden, cell, w_hh, *w_hr, batch_sizes=batch_sizes, reverse=reverse
    ),
    vjp=_lstm_vjp,
    jvp=_lstm_jvp,
    promotes="common",
    outputs=("out", "last_hidden", "last_cell", "gates", "cells", "squashed"),
    differentiable_outputs=3,
)


def _gru_vjp(
    xp: Any, g: Any, inputs: Any, hidden: Any, out: Any, gates: Any, added: Any, w_hh: Any, b_hh: Any, *,
    batch_sizes: Steps, reverse: bool,
) -> Any:  # fmt: skip
    return xp.gru_backward(*g, inputs, hidden, out, gates, added, w_hh, *b_hh, batch_sizes=batch_sizes, reverse=reverse)


@verb("gru_backward")
def _gru_backward(g_out: Any, g_hidden: Any, *saved: Any, **params: Any) -> list[Tensor | None]:
    return _composed_gradients(_gru_step, (g_out, g_hidden), (*saved[:2], *saved[5:]), **params)


def _gru_jvp(
    xp: Any, tangents: Any, inputs: Any, hidden: Any, w_hh: Any, b_hh: Any, *, batch_sizes: Steps, reverse: bool
) -> tuple:
    operands = (inputs, hidden, w_hh, *b_hh)
    moved = _composed_tangents(_gru_step, tangents, operands, 1, batch_sizes=batch_sizes, reverse=reverse)
    return (*moved, None, None)


_gru = general(
    "gru",
    lambda xp, inputs, hidden, w_hh, *b_hh, batch_sizes, reverse: xp.gru(
        inputs, hidden, w_hh, *b_hh, batch_sizes=batch_sizes, reverse=reverse
    ),
    vjp=_gru_vjp,
    jvp=_gru_jvp,
    promotes="common",
    outputs=("out", "last_hidden", "gates", "added"),
    differentiable_outputs=2,
)


def _rnn_vjp(
    xp: Any, g: Any, inputs: Any, hidden: Any, out: Any, w_hh: Any, *, nonlinearity: str, batch_sizes: Steps, reverse: bool
) -> Any:  # fmt: skip
    return xp.rnn_backward(
        *g, inputs, hidden, out, w_hh, nonlinearity=nonlinearity, batch_sizes=batch_sizes, reverse=reverse
    )


@verb("rnn_backward")
def _rnn_backward(
    g_out: Any, g_hidden: Any, inputs: Any, hidden: Any, out: Any, w_hh: Any, **params: Any
) -> list[Tensor | None]:
    return _composed_gradients(_rnn_step, (g_out, g_hidden), (inputs, hidden, w_hh), **params)


def _rnn_jvp(
    xp: Any, tangents: Any, inputs: Any, hidden: Any, w_hh: Any, *, nonlinearity: str, batch_sizes: Steps, reverse: bool
) -> tuple:
    params = {"nonlinearity": nonlinearity, "batch_sizes": batch_sizes, "reverse": reverse}
    return tuple(_composed_tangents(_rnn_step, tangents, (inputs, hidden, w_hh), 1, **params))


_rnn = general(
    "rnn",
    lambda xp, inputs, hidden, w_hh, *, nonlinearity, batch_sizes, reverse: xp.rnn(
        inputs, hidden, w_hh, nonlinearity=nonlinearity, batch_sizes=batch_sizes, reverse=reverse
    ),
    vjp=_rnn_vjp,
    jvp=_rnn_jvp,
    promotes="common",
    outputs=("out", "last_hidden"),
)


# --- a layer in one direction ------------------------------------------------------------------------------------

#: (input, states, weights, batch_sizes, reverse) -> (output, *last states): one layer, one direction
Layer = Callable[[Tensor, Sequence[Tensor], Sequence[Tensor], Steps, bool], tuple[Tensor, ...]]


def _given(x: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """What the gates receive from a layer's input."""
    return matmul(x, weight.t()) if bias is None else addmm(bias, x, weight.t())


def _lstm_layer(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], batch_sizes: Steps, reverse: bool
) -> tuple[Tensor, ...]:
    w_ih, w_hh, *rest = weights
    biased = len(rest) > 1
    given = _given(x, w_ih, rest[0] + rest[1] if biased else None)
    return _lstm(given, *states, w_hh, *rest[2 * biased :], batch_sizes=batch_sizes, reverse=reverse)[:3]


def _gru_layer(
    x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], batch_sizes: Steps, reverse: bool
) -> tuple[Tensor, ...]:
    w_ih, w_hh, *biases = weights
    given = _given(x, w_ih, biases[0] if biases else None)
    return _gru(given, *states, w_hh, *biases[1:], batch_sizes=batch_sizes, reverse=reverse)[:2]


def _rnn_layer(nonlinearity: str) -> Layer:
    def layer(
        x: Tensor, states: Sequence[Tensor], weights: Sequence[Tensor], batch_sizes: Steps, reverse: bool
    ) -> tuple[Tensor, ...]:
        w_ih, w_hh, *biases = weights
        given = _given(x, w_ih, biases[0] + biases[1] if biases else None)
        return _rnn(given, *states, w_hh, nonlinearity=nonlinearity, batch_sizes=batch_sizes, reverse=reverse)

    return layer


_tanh_layer, _relu_layer = _rnn_layer("tanh"), _rnn_layer("relu")

# --- several layers ----------------------------------------------------------------------------------------------


def _layers(
    layer: Layer, x: Tensor, batch_sizes: Steps, states: Sequence[Tensor], params: Sequence[Tensor], num_layers: int,
    dropout: float, train: bool, bidirectional: bool,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The output of a stack of layers for packed sequences, and the last states of all."""
    directions = 2 if bidirectional else 1
    per_direction = len(params) // (num_layers * directions)
    begins = list(zip(*(unbind(each) for each in states), strict=True))
    ends = []
    for place in range(num_layers):
        outputs = []
        for direction in range(directions):
            at = place * directions + direction
            weights = params[at * per_direction : (at + 1) * per_direction]
            output, *last = layer(x, begins[at], weights, batch_sizes, direction == 1)
            outputs.append(output)
            ends.append(last)
        x = cat(outputs, 1) if bidirectional else outputs[0]
        if dropout and train and place < num_layers - 1:
            x = dropped(x, dropout)
    return x, *(stack(each) for each in zip(*ends, strict=True))


def _run(layer: Layer, arguments: tuple, states_of: Callable[[Any], Sequence[Tensor]]) -> tuple[Tensor, ...]:
    """The public functions take a batch of sequences, as (input, hx, params, ...), or packed ones, as (data, batch_sizes,
    hx, params, ...)."""
    if isinstance(arguments[3], (list, tuple)):
        data, batch_sizes, hx, params, _, *options = arguments
        sizes = tuple(batch_sizes.detach()._data.tolist())
        return _layers(layer, data, sizes, states_of(hx), params, *options)
    x, hx, params, _, *options, batch_first = arguments
    x = x.transpose(0, 1) if batch_first else x
    length, examples, width = x.shape
    if not length:
        raise RuntimeError("Expected sequence length to be larger than 0 in RNN")
    rows = x.reshape(length * examples, width)
    out, *last = _layers(layer, rows, (examples,) * length, states_of(hx), params, *options)
    out = out.view(length, examples, out.shape[1])
    return out.transpose(0, 1) if batch_first else out, *last


def _two_states(hx: Any) -> Sequence[Tensor]:
    if len(hx) != 2:
        raise RuntimeError("lstm expects two hidden states")
    return hx


@public(method=False)
@one_under_autocast
def lstm(*args: Any) -> tuple[Tensor, ...]:
    """Long short-term memory in several layers: the outputs of the last one, the last hidden and cell states of all.

    `lstm(input, hx, params, has_biases, num_layers, dropout, train, bidirectional, batch_first)`, where `hx` is a pair of
    states, of shape (layers, batch, size); or, for packed sequences, `lstm(data, batch_sizes, hx, params, has_biases,
    num_layers, dropout, train, bidirectional)`.
    """
    return _run(_lstm_layer, args, _two_states)


@public(method=False)
@one_under_autocast
def gru(*args: Any) -> tuple[Tensor, ...]:
    """Gated recurrent units in several layers; the arguments are those of `lstm`, with one state."""
    return _run(_gru_layer, args, lambda hx: (hx,))


@public(method=False)
@one_under_autocast
def rnn_tanh(*args: Any) -> tuple[Tensor, ...]:
    """Recurrent layers whose state is a hyperbolic tangent; the arguments are those of `lstm`, with one state."""
    return _run(_tanh_layer, args, lambda hx: (hx,))


@public(method=False)
@one_under_autocast
def rnn_relu(*args: Any) -> tuple[Tensor, ...]:
    """Recurrent layers whose state is a positive part; the arguments are those of `lstm`, with one state."""
    return _run(_relu_layer, args, lambda hx: (hx,))


# --- cells -------------------------------------------------------------------------------------------------------


def _cell(
    layer: Layer, input: Tensor, states: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, *biases: Tensor | None
) -> tuple[Tensor, ...]:
    """The states after one moment."""
    if input.shape[1] != w_ih.shape[1]:
        raise RuntimeError(f"input has inconsistent input_size: got {input.shape[1]} expected {w_ih.shape[1]}")
    for place, state in enumerate(states):
        if state.shape[0] != input.shape[0]:
            raise RuntimeError(
                f"Input batch size {input.shape[0]} doesn't match hidden{place} batch size {state.shape[0]}"
            )
        if state.shape[1] != w_hh.shape[1]:
            raise RuntimeError(
                f"hidden{place} has inconsistent hidden_size: got {state.shape[1]}, expected {w_hh.shape[1]}"
            )
    given = [bias for bias in biases if bias is not None]
    return layer(input, states, [w_ih, w_hh, *given], (input.shape[0],), False)[1:]


@public(method=False)
@one_under_autocast
def lstm_cell(
    input: Tensor, hx: Sequence[Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None,
    b_hh: Tensor | None = None,
) -> tuple[Tensor, ...]:  # fmt: skip
    """The hidden and the cell state of long short-term memory, a moment later.

    >>> import adjoint as torch
    >>> zeros = torch.zeros(1, 1)
    >>> torch.lstm_cell(torch.ones(1, 1), (zeros, zeros), torch.ones(4, 1), torch.ones(4, 1))
    (tensor([[0.3696]]), tensor([[0.5568]]))
    """
    return _cell(_lstm_layer, input, _two_states(hx), w_ih, w_hh, b_ih, b_hh)


@public(method=False)
@one_under_autocast
def gru_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The state of gated recurrent units, a moment later.

    >>> import adjoint as torch
    >>> torch.gru_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(3, 1), torch.ones(3, 1))
    tensor([[0.2048]])
    """
    return _cell(_gru_layer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@public(method=False)
@one_under_autocast
def rnn_tanh_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The state of a recurrent layer, a moment later: `tanh(input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh)`.

    >>> import adjoint as torch
    >>> torch.rnn_tanh_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    tensor([[0.7616]])
    """
    return _cell(_tanh_layer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]


@public(method=False)
@one_under_autocast
def rnn_relu_cell(
    input: Tensor, hx: Tensor, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor | None = None, b_hh: Tensor | None = None
) -> Tensor:
    """The state of a recurrent layer, a moment later: the positive part of `input @ w_ih.T + b_ih + hx @ w_hh.T + b_hh`.

    >>> import adjoint as torch
    >>> torch.rnn_relu_cell(torch.ones(1, 1), torch.zeros(1, 1), torch.ones(1, 1), torch.ones(1, 1))
    tensor([[1.]])
    """
    return _cell(_relu_layer, input, (hx,), w_ih, w_hh, b_ih, b_hh)[0]
