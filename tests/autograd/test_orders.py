"""Derivatives of second and third order of every case of tests/ops: whichever modes are nested, the numbers are the same."""

import warnings

import numpy as np
import pytest

import adjoint as torch
from adjoint.func import grad, jvp
from tests.ops.cases import FAMILIES
from tests.ops.observing import compiled, make_inputs, run, tensors_in

_NARROW = "16 bits are rounded in another order"
_INFINITE = "zero times infinity, which one order of the modes meets and another does not"
EXCEPTIONS = {
    "x.to(torch.float16)": _NARROW,
    "x.to(torch.bfloat16)": _NARROW,
    "x.half()": _NARROW,
    "x.bfloat16()": _NARROW,
    "x.half().float().sum()": _NARROW,
    "torch.where(x < 1, x, torch.sqrt(x))": _INFINITE,
    "e.mean()": _INFINITE,
    "e.mean(0)": _INFINITE,
}
ORDERS = [("ff", "fr", "rf", "rr"), ("fff", "frf", "rrr")]  # the first letter differentiates first, forward or reverse


def pattern(function, shift, x):
    return torch.tensor(function(np.arange(x.numel()) * 1.3 + shift).reshape(tuple(x.shape)))


def along_a_curve(case):
    """The sum of a case's results, weighted, as a function of one number that moves its inputs on a parabola."""
    inputs = {name: x for name, x in make_inputs(torch).items() if name in compiled(case)[2]}
    for name, x in inputs.items():
        inputs[name] = x.to(torch.complex128) if x.is_complex() else x.double() if x.is_floating_point() else x
    moving = {
        name: (pattern(np.cos, 0.7, x), pattern(np.sin, 0.2, x))
        for name, x in inputs.items()
        if (x.is_floating_point() or x.is_complex()) and name not in ("special", "h", "h2", "bf", "bf2")
    }

    def total(s):
        moved = {name: inputs[name] + s * first + s * s * second for name, (first, second) in moving.items()}
        parts = []
        for result in tensors_in(run(torch, case, {**inputs, **moved})):
            for part in (result.real, result.imag) if result.is_complex() else (result,):
                if part.is_floating_point():
                    parts.append((part.double() * pattern(np.cos, 0.3 + len(parts), part)).sum())
        return sum(parts, s * 0)

    try:
        total(torch.tensor(0.0, dtype=torch.float64))
    except Exception:  # many cases show errors
        return None
    return total if moving else None


def derivative(f, mode):
    return grad(f) if mode == "r" else lambda x: jvp(f, (x,), (torch.ones_like(x),))[1]


def value(f, order):
    """The derivative taken in this order of modes; None where the case refuses it."""
    for mode in order:
        f = derivative(f, mode)
    try:
        return f(torch.tensor(0.0, dtype=torch.float64)).item()
    except RuntimeError:  # such as for a value that was written to, or for out=
        return None


@pytest.mark.parametrize("family", FAMILIES)
def test_modes_agree(family):
    differing, compared = {}, 0
    for case in dict.fromkeys(FAMILIES[family]):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            f = along_a_curve(case)
            for orders in ORDERS if f is not None else ():
                values = {order: value(f, order) for order in orders}
                numbers = [each for each in values.values() if each is not None]
                compared += len(numbers) > 1
                if numbers and not np.allclose(numbers, numbers[0], 1e-7, 1e-7, equal_nan=True):
                    differing[case] = values
    unexpected = {case: values for case, values in differing.items() if case not in EXCEPTIONS}
    assert not unexpected
    assert {case for case in EXCEPTIONS if case in FAMILIES[family]} == set(differing), "an exception is none any more"
    assert compared or family in ("bitwise", "errors")
