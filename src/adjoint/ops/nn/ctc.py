"""Connectionist temporal classification: the likelihood of a sequence of labels, whose places in time are not known.

https://www.cs.toronto.edu/~graves/icml_2006.pdf. A path has a label, or a blank, at each step; between the labels of a
sequence there may be blanks, between two that are equal there must be. `states` are the labels of a sequence with a
blank before, between and after them, padded. What is summed over all paths is done step by step, from the front (alpha)
and from the back (beta), for all sequences of a batch and all states at once, in logarithms.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from adjoint.arrays.formula import Symbol
from adjoint.core.apply import require_tensors
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.comparison import isinf
from adjoint.ops.nn.reductions import reduce_loss, resolved
from adjoint.ops.refusals import not_implemented_for

_NEVER = -1e30  # the logarithm of no path: finite, so that differences of such are numbers


def _emitted(states: Any, steps: int) -> tuple[np.ndarray, np.ndarray, Any]:
    """The index into (steps, batch, labels) that gives the log-probability of each state at each step."""
    return np.arange(steps)[:, None, None], np.arange(states.shape[0])[None, :, None], states[None]


def _either(xp: Any, choices: list[Any]) -> Any:
    """The logarithm of the sum of the exponentials."""
    largest = choices[0]
    for choice in choices[1:]:
        largest = xp.maximum(largest, choice)
    total = xp.exp(choices[0] - largest)
    for choice in choices[1:]:
        total = total + xp.exp(choice - largest)
    return largest + xp.log(total)


def _shifted(xp: Any, x: Any, by: int) -> Any:
    """The states moved up by some places, or down where `by` is negative; what comes in has no path."""
    size = x.shape[1]
    empty = xp.zeros((x.shape[0], min(abs(by), size)), xp.numpy_dtype(x)) + _NEVER
    if by > 0:
        return xp.concat([empty, xp.getitem(x, (slice(None), slice(0, max(size - by, 0))))], 1)
    return xp.concat([xp.getitem(x, (slice(None), slice(min(-by, size), size))), empty], 1)


def _onward(xp: Any, x: Any, skips: Any, direction: int) -> Any:
    """The logarithms of what reaches each state in a step: from itself, from the one before, or over a blank."""
    jump = _shifted(xp, x, 2 * direction)
    return _either(xp, [x, _shifted(xp, x, direction), xp.where(xp.asarray(skips), jump, _NEVER)])


class _Chart:
    """The states of a batch: where paths may skip a blank, where they begin and end, for sequences of known lengths."""

    def __init__(self, states: Any, lengths: Sequence[int], steps: Sequence[int]) -> None:
        places = np.arange(states.shape[1])
        width = 2 * np.asarray(lengths)[:, None] + 1
        changed = np.zeros(states.shape, bool)
        changed[:, 3::2] = states[:, 3::2] != states[:, 1:-2:2]
        self.skips = changed & (places < width)  # to a label that differs from the one before it
        self.skips_back = np.zeros_like(self.skips)
        self.skips_back[:, :-2] = self.skips[:, 2:]
        self.first = (places < 2) & (places < width)
        self.last = (places < width) & (places >= width - 2)
        self.steps = np.asarray(steps)
        self.within = places < width


def _forward_sums(xp: Any, emitted: Any, chart: _Chart) -> list[Any]:
    """For each step the logarithm of the sum over the paths that lead to each state."""
    alphas = [xp.where(xp.asarray(chart.first), xp.getitem(emitted, (0,)), _NEVER)]
    for step in range(1, emitted.shape[0]):
        alphas.append(_onward(xp, alphas[-1], chart.skips, 1) + xp.getitem(emitted, (step,)))
    return alphas


def _backward_sums(xp: Any, emitted: Any, chart: _Chart) -> list[Any]:
    """For each step the logarithm of the sum over the paths that go on from each state, to the end."""
    beta, betas = xp.zeros_like(xp.getitem(emitted, (0,))) + _NEVER, []
    for step in reversed(range(emitted.shape[0])):
        here = xp.getitem(emitted, (step,))
        inside = np.broadcast_to((step < chart.steps)[:, None] & chart.within, here.shape)
        ends = chart.last & (step == chart.steps - 1)[:, None]
        onward = xp.where(xp.asarray(ends), 0, _onward(xp, beta, chart.skips_back, -1))
        beta = xp.where(xp.asarray(inside), onward + here, _NEVER)
        betas.append(beta)
    return betas[::-1]


def _likelihoods(xp: Any, alphas: list[Any], chart: _Chart, lengths: Sequence[int]) -> Any:
    """The log-likelihood of each sequence."""
    if not alphas:
        return None
    stacked = xp.stack(alphas, axis=0)
    rows = np.arange(len(chart.steps))
    final = xp.getitem(stacked, (np.maximum(chart.steps - 1, 0), rows))
    final = xp.where(xp.asarray(chart.last), final, _NEVER)
    largest = xp.max(final, axis=1, keepdims=True)
    total = xp.squeeze(largest, 1) + xp.log(xp.sum(xp.exp(final - largest), axis=1))
    nothing = xp.asarray(np.where(np.asarray(lengths) == 0, 0.0, _NEVER).astype(xp.numpy_dtype(total)))
    return xp.where(xp.asarray(chart.steps > 0), total, nothing)


def _loss(xp: Any, log_probs: Any, states: Any, *, lengths: Any, steps: Any) -> Any:
    chart = _Chart(states, lengths, steps)
    emitted = xp.getitem(log_probs, _emitted(states, log_probs.shape[0]))
    likelihood = _likelihoods(xp, _forward_sums(xp, emitted, chart), chart, lengths)
    return xp.where(likelihood < _NEVER / 2, np.inf, -likelihood)


def _as_numbers(states: Any) -> Any:
    """The labels as numbers, which decide what is computed."""
    if isinstance(states, Symbol):
        return states.value
    return np.asarray(states._data) if isinstance(states, Tensor) else states


def _occupied(xp: Any, log_probs: Any, states: Any, lengths: Any, steps: Any) -> Any:
    """The probability that the path of each sequence is in each state at each step: NaN where there is no path."""
    states = _as_numbers(states)
    chart = _Chart(states, lengths, steps)
    emitted = xp.getitem(log_probs, _emitted(states, log_probs.shape[0]))
    alphas, betas = _forward_sums(xp, emitted, chart), _backward_sums(xp, emitted, chart)
    likelihood = _likelihoods(xp, alphas, chart, lengths)
    likelihood = xp.where(likelihood < _NEVER / 2, np.nan, likelihood)
    joint = xp.stack(alphas, axis=0) + xp.stack(betas, axis=0) - emitted
    return xp.exp(joint - xp.expand_dims(likelihood, 1))


def _loss_vjp(xp: Any, g: Any, log_probs: Any, states: Any, *, lengths: Any, steps: Any) -> Any:
    shares = _occupied(xp, log_probs, states, lengths, steps) * -xp.expand_dims(g, 1)
    states = _as_numbers(states)
    return xp.place(shares, _emitted(states, log_probs.shape[0]), log_probs.shape)


def _loss_jvp(xp: Any, tangents: Any, log_probs: Any, states: Any, *, lengths: Any, steps: Any) -> Any:
    shares = _occupied(xp, log_probs, states, lengths, steps)
    states = _as_numbers(states)
    return -xp.sum(shares * xp.getitem(tangents[0], _emitted(states, log_probs.shape[0])), axis=(0, 2))


_ctc_loss = general("ctc_loss", _loss, vjp=(_loss_vjp, None), jvp=_loss_jvp, promotes="common")


def _integers(lengths: Any) -> tuple[int, ...]:
    if isinstance(lengths, Tensor):
        if lengths._data.dtype.kind not in "iu":
            raise RuntimeError("input_lengths must be integral")
        lengths = lengths.detach()._data.tolist()
    return tuple(int(each) for each in np.atleast_1d(lengths))


def _states(targets: np.ndarray, lengths: tuple[int, ...], blank: int) -> np.ndarray:
    """The labels of each sequence, with blanks around them, padded with blanks. Sequences stand in rows, or in a row."""
    states = np.full((len(lengths), 2 * max(lengths, default=0) + 1), blank, np.int64)
    ends = np.cumsum(lengths)
    for row, (length, end) in enumerate(zip(lengths, ends, strict=True)):
        states[row, 1 : 2 * length : 2] = targets[row, :length] if targets.ndim == 2 else targets[end - length : end]
    return states


def _check(shape: Sequence[int], steps: tuple[int, ...], lengths: tuple[int, ...], targets: Any, blank: int) -> None:
    if not 0 <= blank < shape[2]:
        raise RuntimeError("blank must be in label range")
    if len(steps) != shape[1]:
        raise RuntimeError("input_lengths must be of size batch_size")
    if len(lengths) != shape[1]:
        raise RuntimeError("target_lengths must be of size batch_size")
    for place, each in enumerate(steps):
        if each > shape[0]:
            raise RuntimeError(
                f"Expected input_lengths to have value at most {shape[0]}, but got value {each} (batch {place})"
            )
        if each < 0:
            raise RuntimeError(f"Expected input_lengths to have value at least 0, but got value {each} (batch {place})")
    room = targets.shape[1] if targets.ndim == 2 else None
    if targets.ndim == 1 and targets.shape[0] != sum(lengths):
        raise RuntimeError(
            f"Expected tensor to have size {sum(lengths)} at dimension 0, but got size {targets.shape[0]}"
        )
    if room is not None and max(lengths, default=0) > room:
        raise RuntimeError(
            f"Expected tensor to have size at least {max(lengths)} at dimension 1, but got size {room} for argument targets"
        )


def _negative_log_likelihood(
    log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int
) -> tuple[Tensor, tuple[int, ...]]:
    steps, lengths = _integers(input_lengths), _integers(target_lengths)
    labels = np.asarray(targets.detach()._data)
    _check(log_probs.shape, steps, lengths, labels, blank)
    loss = _ctc_loss(log_probs, wrap(_states(labels, lengths, blank)), lengths=lengths, steps=steps)
    return loss, lengths


def _as_normalised(loss: Tensor, log_probs: Tensor, input_lengths: Any) -> Tensor:
    """The loss, with PyTorch's gradient.

    It takes the probabilities of each step to sum to 1, whatever they are: it is that of `loss + total`, where the total
    of all probabilities is a constant.
    """
    steps = np.asarray(_integers(input_lengths))
    outside = wrap(np.arange(log_probs.shape[0])[:, None, None] >= steps[None, :, None])
    total = log_probs.exp().masked_fill(outside, 0).sum((0, 2))
    return loss + (total - total.detach())


@public(method=False)
def ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: int | str = 1,
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-likelihood of sequences of labels, under log-probabilities of shape (steps, batch, labels).

    The mean is that of the losses by the lengths of the sequences. A sequence that no path leads to has an infinite loss,
    or, with `zero_infinity`, none. `reduction` is 0, 1 or 2 for "none", "mean" and "sum".

    >>> import adjoint as torch
    >>> log_probs = torch.tensor([[[0.5, 0.5]], [[0.5, 0.5]]]).log()
    >>> torch.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    x, y = require_tensors("ctc_loss", log_probs, targets, names=("log_probs", "targets"))
    if x._data.dtype.name not in ("float32", "float64"):
        raise not_implemented_for("ctc_loss_cpu", x)
    how = ("none", "mean", "sum")[reduction] if isinstance(reduction, int) else resolved(reduction)
    batched = x.ndim == 3
    if not batched:
        x, y = x.unsqueeze(1), y.reshape(1, -1) if y.ndim < 2 else y
    loss, lengths = _negative_log_likelihood(x, y, input_lengths, target_lengths, blank)
    if x.requires_grad:
        loss = _as_normalised(loss, x, input_lengths)
    if zero_infinity:
        loss = loss.masked_fill(isinf(loss.detach()), 0)
    if how == "mean":
        return (loss / wrap(np.maximum(lengths, 1).astype(x._data.dtype))).mean()
    loss = reduce_loss(loss, how)
    return loss if batched or how != "none" else loss.squeeze(0)


@public(module="nn.functional", method=False, name="ctc_loss")
def functional_ctc_loss(
    log_probs: Tensor,
    targets: Tensor,
    input_lengths: Any,
    target_lengths: Any,
    blank: int = 0,
    reduction: str = "mean",
    zero_infinity: bool = False,
) -> Tensor:
    """Minus the log-likelihood of sequences of labels, under log-probabilities of shape (steps, batch, labels).

    >>> import adjoint as torch
    >>> log_probs = torch.tensor([[[0.5, 0.5]], [[0.5, 0.5]]]).log()
    >>> torch.nn.functional.ctc_loss(log_probs, torch.tensor([[1]]), (2,), (1,))
    tensor(0.2877)
    """
    return ctc_loss(log_probs, targets, input_lengths, target_lengths, blank, resolved(reduction), zero_infinity)
