"""Counts drawn at random, Poisson's and binomial, equal to PyTorch's for the same seed.

Each takes as many uniform numbers as it needs, one after the other, until one is not rejected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from adjoint.core.apply import require_tensors
from adjoint.core.dtypes import FLOAT, float32, float64
from adjoint.core.exports import public
from adjoint.core.random import Generator
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.random import generator_of
from adjoint.ops.refusals import not_implemented_for
from adjoint.ops.sampling import DRAWN

_poisson = general("poisson", **DRAWN)

_CHUNK = 1024


class _Uniform:
    """Numbers in [0, 1), one at a time; at the end of the block its generator has advanced by those that were taken."""

    def __init__(self, source: Generator) -> None:
        self.source = source

    def __enter__(self) -> Callable[[], float]:
        self.start = self.source.state()
        self.taken = 0
        self.numbers: Iterator[float] = iter(())
        return self.take

    def take(self) -> float:
        if self.taken % _CHUNK == 0:
            self.numbers = iter(self.source.uniform(_CHUNK, np.float64).tolist())
        self.taken += 1
        return next(self.numbers)

    def __exit__(self, *_: Any) -> None:
        self.source.restore(self.start)
        self.source.words(self.taken, 64)


@public(method=False)
def poisson(input: Tensor, generator: Generator | None = None) -> Tensor:
    """Counts of Poisson's distribution, each with the rate that stands in its place in `input`.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.poisson(torch.tensor([0., 3., 1000.]))
    tensor([  0.,   6., 986.])
    """
    (input,) = require_tensors("poisson", input)
    if input.dtype.rank != FLOAT:
        raise not_implemented_for("poisson_cpu", input)
    rates = input._data.astype(np.float64)
    if (rates < 0).any():
        raise RuntimeError("invalid Poisson rate, expected rate to be non-negative")
    with _Uniform(generator_of("poisson", generator)) as uniform:
        counts = [_poisson_count(rate, uniform) for rate in rates.reshape(-1).tolist()]
    return _poisson(input, wrap(np.array(counts, np.float64).astype(input._data.dtype).reshape(rates.shape)))


def _poisson_count(rate: float, uniform: Callable[[], float]) -> float:
    """By products of uniform numbers where the rate is small, else by Hoermann's transformed rejection (PTRS, 1993)."""
    if rate == 0:
        return 0
    if rate < 10:
        least, count, product = math.exp(-rate), 0, uniform()
        while product > least:
            count += 1
            product *= uniform()
        return count
    log_rate = math.log(rate)
    b = 0.931 + 2.53 * math.sqrt(rate)
    a = -0.059 + 0.02483 * b
    inverse_alpha = 1.1239 + 1.1328 / (b - 3.4)
    inner = 0.9277 - 3.6224 / (b - 2)
    while True:
        u, v = uniform() - 0.5, uniform()
        margin = 0.5 - abs(u)
        count = math.floor((2 * a / margin + b) * u + rate + 0.43)
        if margin >= 0.07 and v <= inner:
            return count
        if count < 0 or (margin < 0.013 and v > margin):
            continue
        density = -rate + count * log_rate - math.lgamma(count + 1)
        if math.log(v) + math.log(inverse_alpha) - math.log(a / (margin * margin) + b) <= density:
            return count


@public(method=False)
def binomial(count: Tensor, prob: Tensor, generator: Generator | None = None) -> Tensor:
    """How many of `count` trials succeed, where each does with probability `prob`.

    >>> import adjoint as torch
    >>> _ = torch.manual_seed(0)
    >>> torch.binomial(torch.tensor([10., 1000.]), torch.tensor([0., 0.5]))
    tensor([  0., 498.])
    """
    count, prob = require_tensors("binomial", count, prob, names=("count", "prob"))
    if count.dtype is not prob.dtype:
        raise RuntimeError(f"Found dtype {prob.dtype} but expected {count.dtype}")
    if count.dtype not in (float32, float64):
        raise not_implemented_for("binomial_cpu", count)
    trials, chances = np.broadcast_arrays(count._data, prob._data)
    with _Uniform(generator_of("binomial", generator)) as uniform:
        pairs = zip(trials.reshape(-1), chances.reshape(-1), strict=True)
        counts = [_binomial_count(float(n), p, uniform) for n, p in pairs]
    return wrap(np.array(counts, np.float64).astype(count._data.dtype).reshape(trials.shape))


def _binomial_count(trials: float, chance: Any, uniform: Callable[[], float]) -> float:
    """By the rarer of success and failure. The chance is of the tensors' type, in which a few steps are computed."""
    if trials <= 0 or chance <= 0:
        return 0
    if chance >= 1:
        return trials
    if chance != chance:
        return math.nan
    rare = chance if chance <= 0.5 else chance.dtype.type(1) - chance
    count = (_by_rejection if trials * rare >= 10 else _by_waiting)(trials, rare, uniform)
    return count if chance <= 0.5 else trials - count


def _by_waiting(trials: float, chance: Any, uniform: Callable[[], float]) -> float:
    """As many as there are waiting times, geometrically distributed, within the trials."""
    log_failure = float(chance.dtype.type(math.log1p(-float(chance))))
    successes, trial = -1, 0.0
    while trial <= trials:
        successes += 1
        trial += math.ceil(math.log(uniform()) / log_failure)
    return successes


def _by_rejection(trials: float, chance: Any, uniform: Callable[[], float]) -> float:
    """By Hoermann's transformed rejection (BTRS, 1993)."""
    kind = chance.dtype.type
    spread = float(np.sqrt(kind(trials) * chance * (1 - chance)))
    b = 1.15 + 2.53 * spread
    a = -0.0873 + 0.0248 * b + 0.01 * float(chance)
    center = float(kind(trials) * chance) + 0.5
    inner = 0.92 - 4.2 / b
    odds = float(chance / (1 - chance))
    alpha = (2.83 + 5.1 / b) * spread
    mode = float(np.floor(kind(trials + 1) * chance))
    while True:
        u, v = uniform() - 0.5, uniform()
        margin = 0.5 - abs(u)
        count = math.floor((2 * a / margin + b) * u + center)
        if not 0 <= count <= trials:
            continue
        if margin >= 0.07 and v <= inner:
            return count
        density = (
            (mode + 0.5) * math.log((mode + 1) / (odds * (trials - mode + 1)))
            + (trials + 1) * math.log((trials - mode + 1) / (trials - count + 1))
            + (count + 0.5) * math.log(odds * (trials - count + 1) / (count + 1))
            + _stirling_tail(mode) + _stirling_tail(trials - mode) - _stirling_tail(count) - _stirling_tail(trials - count)
        )  # fmt: skip
        if math.log(v * alpha / (a / (margin * margin) + b)) <= density:
            return count


def _stirling_tail(count: float) -> float:
    """What Stirling's formula for the logarithm of a factorial leaves out."""
    if count < 10:
        return math.lgamma(count + 1) - (count + 0.5) * math.log(count + 1) + (count + 1) - 0.5 * math.log(2 * math.pi)
    square = (count + 1) * (count + 1)
    return (1 / 12 - (1 / 360 - 1 / 1260 / square) / square) / (count + 1)
