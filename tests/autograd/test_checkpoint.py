"""Recomputing instead of keeping: `checkpoint`, `checkpoint_sequential`, and a budget in bytes."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import adjoint
from adjoint.utils.checkpoint import budget

FORMS = pytest.mark.parametrize("reentrant", [True, False])


def leaf(torch, *values):
    return torch.tensor(values, dtype=torch.float64, requires_grad=True)


def block(x):
    return (x.sin() * x).exp()


@FORMS
def test_gradients_are_those_of_the_plain_run(torch, reentrant):
    x, y = leaf(torch, 0.5, 1.0), leaf(torch, 0.5, 1.0)
    torch.utils.checkpoint.checkpoint(block, x, use_reentrant=reentrant).sum().backward()
    block(y).sum().backward()
    assert x.grad.tolist() == y.grad.tolist()


@FORMS
def test_the_function_runs_once_more(torch, reentrant):
    runs = []

    def counted(x):
        runs.append(torch.is_grad_enabled())
        return block(x)

    torch.utils.checkpoint.checkpoint(counted, leaf(torch, 1.0), use_reentrant=reentrant).sum().backward()
    assert runs == [not reentrant, True]


@FORMS
def test_nested(torch, reentrant):
    x, y = leaf(torch, 0.5, 1.0), leaf(torch, 0.5, 1.0)

    def outer(x):
        return torch.utils.checkpoint.checkpoint(block, torch.cos(x), use_reentrant=reentrant) * x

    torch.utils.checkpoint.checkpoint(outer, x, use_reentrant=reentrant).sum().backward()
    (block(torch.cos(y)) * y).sum().backward()
    assert x.grad.tolist() == y.grad.tolist()


@FORMS
@pytest.mark.parametrize("keep", [True, False])
def test_random_numbers_are_those_of_the_first_run(torch, reentrant, keep):
    drawn = []

    def noisy(x):
        drawn.append(torch.rand(2, dtype=torch.float64))
        return x * drawn[-1] * x

    torch.manual_seed(0)
    x = leaf(torch, 1.0, 2.0)
    y = torch.utils.checkpoint.checkpoint(noisy, x, use_reentrant=reentrant, preserve_rng_state=keep)
    between = torch.rand(1)
    y.sum().backward()
    after = torch.rand(1)
    assert torch.equal(drawn[0], drawn[1]) is keep
    torch.manual_seed(0)
    torch.rand(2, dtype=torch.float64)
    assert torch.equal(torch.rand(1), between)
    assert torch.equal(torch.rand(1), after) is keep


def test_second_derivatives_without_reentrance(torch):
    x, y = leaf(torch, 0.5), leaf(torch, 0.5)

    def second(f, x):
        (first,) = torch.autograd.grad(f(x).sum(), x, create_graph=True)
        return torch.autograd.grad(first.sum(), x)[0].item()

    assert second(lambda x: torch.utils.checkpoint.checkpoint(block, x, use_reentrant=False), x) == second(block, y)


def test_reentrant_refuses_grad(torch):
    x = leaf(torch, 1.0)
    y = torch.utils.checkpoint.checkpoint(block, x, use_reentrant=True).sum()
    with pytest.raises(RuntimeError, match=r"torch.utils.checkpoint is incompatible with .grad\(\)"):
        torch.autograd.grad(y, x)


def test_keyword_arguments_and_several_results(torch):
    def both(x, *, times):
        return x * x, x.sin() * times

    x = leaf(torch, 2.0)
    square, wave = torch.utils.checkpoint.checkpoint(both, x, use_reentrant=False, times=3)
    (square + wave).sum().backward()
    assert x.grad.item() == pytest.approx(4 + 3 * np.cos(2.0))


@pytest.mark.parametrize("early", [True, False])
def test_recomputing_stops_when_it_has_all(torch, early):
    reached = []

    def function(x):
        y = torch.sin(x)
        reached.append("end")
        return y + 1

    with torch.utils.checkpoint.set_checkpoint_early_stop(early):
        torch.utils.checkpoint.checkpoint(function, leaf(torch, 1.0), use_reentrant=False).sum().backward()
    assert reached == ["end"] * (1 if early else 2)


def test_a_function_that_does_something_else_is_found_out(torch):
    runs = []

    def changing(x):
        runs.append(1)
        return x.sin().exp() if len(runs) == 1 else x.cos()

    with pytest.raises(torch.utils.checkpoint.CheckpointError, match="Number of tensors saved during forward: 2"):
        torch.utils.checkpoint.checkpoint(changing, leaf(torch, 1.0), use_reentrant=False).sum().backward()


@FORMS
@pytest.mark.parametrize("segments", [1, 2, 3, 8])
def test_sequential(torch, reentrant, segments):
    x, y = leaf(torch, 0.5), leaf(torch, 0.5)
    torch.utils.checkpoint.checkpoint_sequential(
        [torch.sin, torch.exp] * 4, segments, x, use_reentrant=reentrant
    ).sum().backward()
    z = y
    for _ in range(4):
        z = torch.exp(torch.sin(z))
    z.sum().backward()
    assert x.grad.tolist() == y.grad.tolist()


@FORMS
def test_without_use_reentrant_there_is_a_warning(torch, reentrant):
    with pytest.warns(UserWarning, match="the use_reentrant parameter should be passed explicitly"):
        torch.utils.checkpoint.checkpoint(block, leaf(torch, 1.0))


# --- the budget ---


def chain(x, length):
    for _ in range(length):
        x = adjoint.sin(x)
    return x


def peak_of_chain(length, size, limit=None):
    """The most memory, in arrays of the chain, that a forward and a backward pass hold at once, and the gradient."""
    x = adjoint.ones(size, dtype=adjoint.float64, requires_grad=True)
    tracemalloc.start()
    try:
        if limit is None:
            y = chain(x, length)
        else:
            with budget(limit * size * 8):
                y = chain(x, length)
        y.sum().backward()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    return peak / (size * 8), x.grad.numpy()


@pytest.mark.parametrize("limit", [100, 40, 20])
def test_a_long_chain_stays_within_its_budget(limit):
    length, size = 400, 100_000
    whole, expected = peak_of_chain(length, size)
    peak, gradient = peak_of_chain(length, size, limit)
    assert whole > length
    assert peak < limit + 6  # the value at hand, the cotangents on both sides of it, the partial, the gradient
    assert np.array_equal(gradient, expected)


@pytest.mark.parametrize(("length", "room", "passes"), [(20, 100, 0), (200, 100, 1), (1000, 100, 1), (1000, 10, 4)])
def test_what_recomputing_costs(length, room, passes):
    x = adjoint.ones(1000, dtype=adjoint.float64, requires_grad=True)
    with budget(room * 8000) as held:
        y = chain(x, length)
    y.sum().backward()
    assert held.recomputed <= passes * length


OPERATIONS = {
    "sin": lambda a, b: adjoint.sin(a),
    "mul": lambda a, b: a * b,
    "exp": lambda a, b: adjoint.exp(-a * a),
    "matmul": lambda a, b: a @ b / 4,
    "transpose": lambda a, b: a.t() * b,
    "row": lambda a, b: a * b[0],
    "sum": lambda a, b: a / (1 + (b * b).sum()),
}


@given(
    steps=st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 5), st.integers(0, 5)), max_size=30),
    room=st.integers(1, 12),
)
def test_any_program_has_the_same_gradient(steps, room):
    def program(x):
        values = [x, adjoint.cos(x)]
        for name, first, second in steps:
            values.append(OPERATIONS[name](values[-1 - first % len(values)], values[-1 - second % len(values)]))
        return sum(values[1:], values[0]).sum()

    start = np.linspace(-1, 1, 16).reshape(4, 4)
    x, y = (adjoint.tensor(start, requires_grad=True) for _ in range(2))
    with budget(room * 128):
        kept = program(x)
    kept.backward()
    program(y).backward()
    assert np.array_equal(x.grad.numpy(), y.grad.numpy(), equal_nan=True)


def test_an_operand_written_since_is_an_error_not_a_wrong_number():
    x = adjoint.ones(4, dtype=adjoint.float64, requires_grad=True)
    shift = adjoint.ones(4, dtype=adjoint.float64)
    with budget(1):
        y = adjoint.sin(x + shift)
    shift.add_(1)
    with pytest.raises(RuntimeError, match="cannot be made again"):
        y.sum().backward()


def test_a_budget_is_positive():
    with pytest.raises(ValueError, match="a budget is a positive number of bytes"):
        budget(0)
