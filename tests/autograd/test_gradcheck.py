"""`gradcheck` and `gradgradcheck`: what they accept, what they refuse, and in which words, as PyTorch (recorded)."""

import importlib

import numpy as np
import pytest

import adjoint as torch
from adjoint.autograd.gradcheck import GradcheckError
from tests.differential import Programs, attempt
from tests.func.observing import quiet

programs = Programs("gradcheck")


def program(function):
    return programs(quiet(function))


def pair(torch, *values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def checks(torch, f, x):
    """What all the ways to check say of a function."""
    gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    ways = [
        {},
        {"raise_exception": False},
        {"check_forward_ad": True, "check_backward_ad": False},
        {"check_forward_ad": True, "check_undefined_grad": False},
        {"check_grad_dtypes": True},
        {"check_batched_grad": True, "check_forward_ad": True, "check_batched_forward_grad": True},
    ]
    found = [
        attempt(lambda how=how, fast=fast: gradcheck(f, x, fast_mode=fast, **how))
        for how in ways
        for fast in (False, True)
    ]
    ways = [{}, {"check_fwd_over_rev": True}, {"fast_mode": True}, {"check_batched_grad": True}]
    return found + [attempt(lambda how=how: gradgradcheck(f, x, **how)) for how in ways]


@program
def right_derivatives(torch):
    x, y = pair(torch, 1.0, 2.0), pair(torch, 0.5, -1.0)
    plain = torch.tensor([5.0, 6.0], dtype=torch.float64)
    return [
        checks(torch, torch.sin, x),
        checks(torch, lambda x, y: [x * y, x.sum()], [x, y]),
        checks(torch, lambda x, c: x * c, (x, plain)),
        checks(torch, lambda a: a**3, torch.tensor(2.0, dtype=torch.float64, requires_grad=True)),
        checks(torch, lambda x, y: x * 2, (x, y)),
        checks(torch, lambda x: x.clone().mul_(3).sin_(), x),
        checks(torch, lambda a: a * 2, torch.zeros(0, dtype=torch.float64, requires_grad=True)),
        checks(torch, lambda x, name: x * 2, (x, "text")),
    ]


@program
def complex_functions(torch):
    z = torch.tensor([1 + 2j, 3 - 1j], dtype=torch.complex128, requires_grad=True)
    x = pair(torch, 1.0, 2.0)
    return [
        checks(torch, lambda z: z * z, z),
        checks(torch, lambda z: z.abs(), z),
        checks(torch, lambda z: z.real * 2, z),
        checks(torch, lambda x: x * (1 + 2j), x),
        checks(torch, lambda z, x: z * x, (z, x)),
        checks(torch, lambda z: z * z.detach(), z),
        checks(torch, lambda x: x * x.detach() * (1 + 2j), x),
    ]


@program
def wrong_derivatives(torch):
    """All but those of second order: there the random cotangents, which each library draws for itself, could show."""
    x, y = pair(torch, 1.0, 2.0), pair(torch, 0.5, -1.0)
    half = lambda x: x * x.detach()  # noqa: E731
    return [
        checks(torch, half, x)[:-4],
        checks(torch, lambda x, y: (y.sum(), half(x)), (x, y))[:-4],
        checks(torch, lambda a: (x * a).sum(), pair(torch, 1.0, 3.0))[:2],
    ]


@program
def both_jacobians_are_shown(torch):
    x = pair(torch, 1.0, 2.0)

    def text(f, x, **how):
        try:
            return torch.autograd.gradcheck(f, x, **how)
        except RuntimeError as error:
            return str(error).split("\n\n")[0]

    number = torch.tensor(2.0, dtype=torch.float64, requires_grad=True)
    complex_half = lambda x: x * x.detach() * (1 + 2j)  # noqa: E731
    return [
        text(lambda x: x * x.detach(), x),
        text(lambda x: x * x.detach(), x, fast_mode=True),
        text(lambda x: x * x.detach(), number, check_backward_ad=False, check_forward_ad=True),
        text(complex_half, x),
        text(lambda x: (x * 1.0, torch.stack([x, x.detach()])), x[0].detach().requires_grad_()),
    ]


@program
def what_does_not_depend_on_the_inputs(torch):
    x = pair(torch, 1.0, 2.0)
    gradcheck = torch.autograd.gradcheck
    return [
        attempt(lambda: gradcheck(lambda x: torch.ones(2, dtype=torch.float64), x)),
        attempt(lambda: gradcheck(lambda x: x.detach() * 2, x)),
        attempt(lambda: gradcheck(lambda x: x.detach() * 2, x, fast_mode=True)),
        attempt(lambda: gradcheck(lambda x: (x * 2, torch.tensor([1, 2])), x)),
    ]


def function(torch, forward, backward, jvp=None, materialize=True):
    """A Function of the user's with these rules, which get what was saved and then cotangents or tangents."""

    class Rule(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            ctx.save_for_forward(x)
            ctx.set_materialize_grads(materialize)
            return forward(x)

        @staticmethod
        def backward(ctx, *cotangents):
            return backward(*ctx.saved_tensors, *cotangents)

        @staticmethod
        def jvp(ctx, tangent):
            return jvp(*ctx.saved_tensors, tangent)

    return Rule.apply


@program
def rules_of_the_user(torch):
    x = pair(torch, 1.0, 2.0)
    square = lambda x: x * x  # noqa: E731
    calls = [0]

    def drifting(x, g):
        calls[0] += 1
        return g * 2 * x + 1e-9 * calls[0]

    twice = lambda x: (x * 2, x * 3)  # noqa: E731
    right, wrong = (lambda x, g: g * 2 * x), (lambda x, g: g * x)
    rules = [
        function(torch, square, right, right),
        function(torch, square, wrong, wrong),
        function(torch, square, right, wrong),
        function(torch, square, lambda x, g: g * 2 * x + 1e-9),
        function(torch, square, lambda x, g: (g * 2 * x)[:1]),
        function(torch, square, lambda x, g: torch.ones(3, dtype=torch.float64)),
        function(torch, square, lambda x, g: (g * 2 * x).float()),
        function(torch, square, lambda x, g: None),
        function(torch, twice, lambda x, g, h: g * 2 + h * 3),
        function(torch, twice, lambda x, g, h: g * 2 + h * 3, materialize=False),
        function(torch, square, right, lambda x, t: t * 2 * x * (1 + 0j)),
    ]
    found = [checks(torch, rule, x)[:6] for rule in rules]
    unsteady = function(torch, square, drifting)
    return [
        found,
        [attempt(lambda each=each: torch.autograd.gradcheck(unsteady, x, nondet_tol=each)) for each in (0.0, 1e-6)],
        attempt(lambda: torch.autograd.gradcheck(rules[3], x, masked=True)),
    ]


@program
def arguments_that_do_not_fit(torch):
    x, single = pair(torch, 1.0, 2.0), torch.tensor([1.0, 2.0], requires_grad=True)
    expanded = torch.ones(1, dtype=torch.float64).expand(3).requires_grad_()
    gradcheck, gradgradcheck = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    return [
        attempt(lambda: gradcheck(torch.sin, x.detach())),
        attempt(lambda: gradcheck(torch.sin, expanded)),
        attempt(lambda: gradcheck(torch.sin, single)),
        attempt(lambda: gradcheck(lambda x: x[x > 1.0], x)),
        attempt(lambda: gradcheck(torch.sin, x, check_backward_ad=False)),
        attempt(
            lambda: gradcheck(torch.sin, x, check_backward_ad=False, check_forward_ad=True, check_batched_grad=True)
        ),
        attempt(lambda: gradcheck(torch.sin, x, check_batched_forward_grad=True)),
        attempt(lambda: gradgradcheck(torch.sin, x, check_rev_over_rev=False)),
        attempt(lambda: gradgradcheck(torch.sin, x, check_rev_over_rev=False, check_fwd_over_rev=True)),
        attempt(lambda: gradcheck(torch.sin, x, eps=1e-1)),
        attempt(lambda: gradcheck(torch.sin, x, eps=1e-1, atol=1e-2, rtol=1e-2)),
    ]


@programs
def single_precision_is_warned_of(torch):
    return attempt(lambda: torch.autograd.gradcheck(lambda x: x * 2, torch.tensor([1.0], requires_grad=True), atol=1))


@program
def second_derivatives(torch):
    x = pair(torch, 1.0, 2.0)
    gradgradcheck = torch.autograd.gradgradcheck
    first_only = function(torch, lambda x: x * x, lambda x, g: g * 2 * x.detach())
    return [
        attempt(lambda: gradgradcheck(torch.sin, x, torch.ones(2, dtype=torch.float64))),
        attempt(lambda: gradgradcheck(torch.sin, x, pair(torch, 1.0, -1.0))),
        attempt(lambda: gradgradcheck(torch.sin, x, gen_non_contig_grad_outputs=True)),
        attempt(lambda: gradgradcheck(first_only, x, pair(torch, 1.0, -1.0))),
        attempt(lambda: gradgradcheck(first_only, x, raise_exception=False)),
    ]


@program
def the_module_behind_the_function(torch):
    module = importlib.import_module(torch.autograd.__name__ + ".gradcheck")
    x, y = pair(torch, 1.0, 2.0), torch.tensor([5.0, 6.0], dtype=torch.float64)
    numerical = module.get_numerical_jacobian(lambda inputs: inputs[0] * inputs[1], (x, y))
    (specific,) = module.get_numerical_jacobian_wrt_specific_input(lambda a, b: (a * b,), 0, (x, y), (x * y,), 1e-6)
    return [
        sorted(module.__all__),
        issubclass(module.GradcheckError, RuntimeError),
        str(numerical),
        str(specific),
        str(module.get_analytical_jacobian((x, y), x * y)),
        attempt(lambda: module.get_numerical_jacobian(lambda inputs: inputs[0], (x,), grad_out=2.0)),
    ]


test_program = programs.test()


def test_a_constant_beside_other_outputs_is_left_out():
    """PyTorch compares the Jacobian of the second output with that of the first here."""
    x = pair(torch, 1.0, 2.0)
    f = lambda x: (x.detach(), x * 2)  # noqa: E731
    for how in ({}, {"fast_mode": True}, {"check_forward_ad": True}, {"check_forward_ad": True, "fast_mode": True}):
        assert torch.autograd.gradcheck(f, x, **how)


def test_inputs_are_left_as_they_were():
    x = pair(torch, 0.1, 0.2)

    def fail_at_the_third_call(x, calls=[]):  # noqa: B006
        calls.append(1)
        if len(calls) == 3:
            raise ValueError("no more")
        return x * 2

    with pytest.raises(ValueError, match="no more"):
        torch.autograd.gradcheck(fail_at_the_third_call, x)
    with pytest.raises(GradcheckError):
        torch.autograd.gradcheck(lambda x: x * x.detach(), x)
    assert (x.tolist(), x._version, x.grad) == ([0.1, 0.2], 0, None)


def test_the_users_random_numbers_are_left_alone():
    before = np.random.get_state()[1].tolist()  # noqa: NPY002
    torch.autograd.gradgradcheck(torch.sin, pair(torch, 0.1, 0.2), fast_mode=True)
    assert np.random.get_state()[1].tolist() == before  # noqa: NPY002
