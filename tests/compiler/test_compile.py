"""`adjoint.compile` does what the function does: values, gradients, writes, histories, errors."""

import threading
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_allclose

import adjoint as torch
from adjoint.compiler import MODES

Tensor = torch.Tensor


def normal(*shape: int, seed: int = 0, requires_grad: bool = False) -> Tensor:
    values = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    return torch.tensor(values).requires_grad_(requires_grad)


def same(got: Any, expected: Any, tolerance: float = 2e-6) -> None:
    """Equal as results of a function: nested, with tensors within rounding."""
    if isinstance(expected, Tensor):
        assert (got.dtype, got.shape, got.requires_grad) == (expected.dtype, expected.shape, expected.requires_grad)
        assert_allclose(got.detach().numpy(), expected.detach().numpy(), rtol=tolerance, atol=tolerance)
    elif isinstance(expected, (tuple, list)):
        assert type(got) is type(expected)
        for one, other in zip(got, expected, strict=True):
            same(one, other, tolerance)
    elif isinstance(expected, dict):
        assert list(got) == list(expected)
        same(list(got.values()), list(expected.values()), tolerance)
    else:
        assert got == expected


def compiled(function: Callable) -> Callable:
    """Compiled as one program: what would run eagerly is an error."""
    return torch.compile(function, fullgraph=True)


def gradients(function: Callable, *inputs: Tensor) -> list[Any]:
    """The gradients of the sum of all that a function returns."""
    for x in inputs:
        x.grad = None
    returned = function(*inputs)
    parts = returned if isinstance(returned, tuple) else (returned,)
    torch.autograd.backward([part.sum() for part in parts])
    return [x.grad for x in inputs]


# --- values and gradients ---

FUNCTIONS: dict[str, Callable] = {
    "elementwise": lambda x, y: torch.sigmoid(torch.sin(x) * x + torch.exp(-x * x)) * y,
    "scalar": lambda x, y: (torch.tanh(x) * y).mean(),
    "reductions": lambda x, y: ((x * y).sum(0), torch.amax(x, 1), (x / 3).mean((0, 1), keepdim=True)),
    "broadcast": lambda x, y: x[:1] * y + y[:, :1],
    "softmax": lambda x, y: torch.exp(x - torch.amax(x, 1, keepdim=True)) / torch.exp(x - y).sum(1, keepdim=True),
    "views": lambda x, y: x.t().reshape(3, 8).t()[1:, ::2] + y.permute(1, 0)[:1, :3].expand(7, 3)[:, :2],
    "matmul": lambda x, y: torch.relu(x @ y.t()) @ x,
    "indexing": lambda x, y: x[torch.tensor([0, 2, 2])] * torch.stack([y[0], y[1], y[3]]),
    "joined": lambda x, y: torch.cat([x, y * 2], 1)[:, 2:9].exp(),
    "chosen": lambda x, y: torch.where(x > y, x, y * y).clamp(-1, 2),
    "several": lambda x, y: (x * y, (x + y).sum(), torch.maximum(x, y)),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_value_and_gradient(name: str) -> None:
    function = FUNCTIONS[name]
    x, y = normal(4, 6, seed=1, requires_grad=True), normal(4, 6, seed=2, requires_grad=True)
    fast = compiled(function)
    for _ in range(2):
        same(fast(x, y), function(x, y))
        same(gradients(fast, x, y), gradients(function, x, y))
    with torch.no_grad():
        same(fast(x, y), function(x, y))


def test_the_seeds_examples() -> None:
    def square_sine(x: Tensor) -> Tensor:
        return torch.sin(x**2)

    def loss(x: Tensor, y: Tensor, w: Tensor, b: Tensor) -> Tensor:
        p = torch.clamp(torch.sigmoid(w * x + b), 1e-8, 1 - 1e-8)
        return -(y * torch.log(p) + (1 - y) * torch.log(1 - p))

    x = torch.tensor(3.0, requires_grad=True)
    same(gradients(compiled(lambda x: x**2), x), gradients(lambda x: x**2, x))
    same(gradients(compiled(square_sine), x), gradients(square_sine, x))
    data = torch.tensor(6.7), torch.tensor(0.0)
    w, b = torch.tensor(1.0, requires_grad=True), torch.tensor(0.0, requires_grad=True)
    fast = compiled(loss)
    same(gradients(lambda w, b: fast(*data, w, b), w, b), gradients(lambda w, b: loss(*data, w, b), w, b))
    assert "grad_fn=<CompiledFunctionBackward>" in repr(fast(*data, w, b))


def test_a_million_elements_in_one_loop_with_their_gradient() -> None:
    def function(x: Tensor) -> Tensor:
        return torch.sigmoid(torch.sin(x) * x + torch.exp(-x * x)).mean()

    x = normal(10**6)
    wide = x.double().requires_grad_()
    value = function(wide)
    value.backward()
    for fast in (compiled(torch.func.grad_and_value(function)), None):
        if fast is None:
            leaf = x.clone().requires_grad_()
            got = compiled(function)(leaf)
            got.backward()
            gradient = leaf.grad
        else:
            gradient, got = fast(x)
        assert abs(got.item() - value.item()) <= 2e-7 * value.item()
        assert (gradient - wide.grad).abs().max() <= 3e-7 * wide.grad.abs().max()


@pytest.mark.parametrize(
    "transform",
    [
        torch.func.grad,
        torch.func.grad_and_value,
        torch.func.hessian,
        lambda f: torch.func.vmap(torch.func.grad(f)),
        lambda f: torch.func.grad(lambda x: torch.func.grad(f)(x).sum()),
    ],
)
def test_transforms_inside(transform: Callable) -> None:
    transformed = transform(lambda x: (torch.sin(x) * x).sum())
    same(compiled(transformed)(normal(5, 3)), transformed(normal(5, 3)), 1e-5)


def test_transforms_outside() -> None:
    fast = torch.compile(lambda x: (x * x).sum())
    x = normal(3, 4)
    same(torch.func.vmap(fast)(x), (x * x).sum(1))
    same(torch.func.grad(fast)(x), 2 * x)


def test_higher_derivatives_of_the_result() -> None:
    function = lambda x: torch.tanh(x) * x  # noqa: E731
    x = normal(5, requires_grad=True)
    for f in (function, lambda x: function(x).sum()):
        found = []
        for each in (f, compiled(f)):
            (first,) = torch.autograd.grad(each(x).sum(), x, create_graph=True)
            found.append((first, torch.autograd.grad(first.sum(), x)))
        same(found[1], found[0])


def test_cotangents_other_than_one() -> None:
    x = normal(5, requires_grad=True)
    function = lambda x: torch.exp(x).sum()  # noqa: E731
    same(gradients(lambda x: 3 * compiled(function)(x), x), gradients(lambda x: 3 * function(x), x))


def test_inputs_that_are_no_leaves() -> None:
    x = normal(5, requires_grad=True)
    function = lambda x: torch.tanh(x) * x  # noqa: E731
    same(gradients(lambda x: compiled(function)(x * 2), x), gradients(lambda x: function(x * 2), x))


def test_the_graph_is_freed_as_elsewhere() -> None:
    x = normal(5, requires_grad=True)
    for function in (torch.exp, lambda x: torch.exp(x).sum()):
        y = compiled(function)(x).sum()
        y.backward(retain_graph=True)
        first = x.grad.clone()
        y.backward()
        same(x.grad, 2 * first)
        with pytest.raises(RuntimeError, match="a second time"):
            y.backward()
        x.grad = None


def test_gradients_that_nobody_asks_for_are_not_computed_for_ever() -> None:
    x = normal(5, requires_grad=True)
    fast = compiled(lambda x: torch.exp(x).sum())
    for _ in range(20):
        fast(x)
    same(gradients(fast, x), [torch.exp(x).detach()])


# --- a backward pass inside ---


def test_backward_inside_accumulates() -> None:
    x, w = normal(10, 4), normal(4, requires_grad=True)

    def step(x: Tensor) -> Tensor:
        loss = ((x @ w) ** 2).mean()
        loss.backward()
        return loss

    fast = compiled(step)
    loss = fast(x)
    once = w.grad.clone()
    fast(x)
    same(w.grad, 2 * once)
    w.grad = None
    same(loss.detach(), step(x).detach())
    same(w.grad, once)
    with pytest.raises(RuntimeError, match="a second time"):
        loss.backward()


def test_a_training_step() -> None:
    def make(w: Tensor) -> Callable:
        def step(x: Tensor) -> Tensor:
            loss = ((x @ w) ** 2).mean()
            loss.backward()
            with torch.no_grad():
                w.sub_(0.1 * w.grad)
                w.grad.zero_()
            return loss.detach()

        return step

    x, one = normal(10, 4), normal(4, requires_grad=True)
    other = one.detach().clone().requires_grad_()
    fast, slow = compiled(make(one)), make(other)
    for _ in range(4):
        same(fast(x), slow(x))
        same((one, one.grad), (other, other.grad))
    assert one.is_leaf


# --- what surrounds the function ---


def test_tensors_around_it_may_change() -> None:
    w, scalar = normal(3, seed=1), torch.tensor(2.0)
    fast = compiled(lambda x: x * w + scalar)
    x = normal(3)
    same(fast(x), x * w + scalar)
    w.add_(1)
    scalar.mul_(3)
    same(fast(x), x * w + scalar)
    w.data = normal(3, seed=5)
    same(fast(x), x * w + scalar)


def test_values_around_it_may_change() -> None:
    factor = 2.0

    class Layer:
        def __init__(self) -> None:
            self.weights = [normal(3, seed=1)]
            self.training = True

        def __call__(self, x: Tensor) -> Tensor:
            return x * self.weights[0] * factor if self.training else x

    layer, x = Layer(), normal(3)
    fast = compiled(layer)
    same(fast(x), layer(x))
    layer.training = False
    same(fast(x), x)
    layer.training, layer.weights[0] = True, normal(3, seed=2)
    same(fast(x), layer(x))
    factor = 5.0
    same(fast(x), layer(x))


def test_python_arguments_are_part_of_the_program() -> None:
    def function(x: Tensor, n: float, plus: bool = True, *, names: tuple = ()) -> Any:
        return {"result": x + n if plus else x * n, "names": [len(names), *names]}

    fast, x = compiled(function), normal(3)
    for args, kwargs in [((2,), {}), ((2.5, False), {}), ((2,), {"names": ("a",)}), ((True,), {}), ((-0.0,), {})]:
        same(fast(x, *args, **kwargs), function(x, *args, **kwargs))


def test_one_program_for_each_kind_of_tensors() -> None:
    def function(x: Tensor) -> Tensor:
        return (x * 2).sum(-1)

    fast = compiled(function)
    for shape in ((3,), (4, 5), (0,), (2, 0), (1, 1)):
        same(fast(normal(*shape)), function(normal(*shape)))
    x = normal(6, 4)
    for each in (
        x.t(),
        x[::2],
        x.double(),
        x > 0,
        (x * 9).to(torch.int32),
        torch.tensor([2.0]).expand(3),
        torch.tensor(1.0),
    ):
        if each.ndim:
            same(fast(each), function(each))


# --- memory ---


def test_writes_to_arguments() -> None:
    def function(x: Tensor, y: Tensor) -> Tensor:
        x.add_(y).mul_(2)
        y[1:] = 0
        y[0] += x[1]
        return x

    fast = compiled(function)
    for _ in range(2):
        ours, theirs = (normal(4, seed=1), normal(4, seed=2)), (normal(4, seed=1), normal(4, seed=2))
        before = ours[0]._version
        assert fast(*ours) is ours[0]
        function(*theirs)
        same(ours, theirs)
        assert ours[0]._version > before


def test_arguments_that_share_memory() -> None:
    def function(x: Tensor, y: Tensor) -> Tensor:
        x.mul_(2)
        return y + 1

    fast = torch.compile(function)
    separate, shared = normal(4), normal(4)
    fast(separate, normal(4, seed=1))
    expected = function(shared.clone(), shared * 2)
    same(fast(shared, shared[:]), expected)
    same(fast(shared, shared.detach()), shared + 1)


def test_a_gradient_whose_input_was_overwritten() -> None:
    x = normal(5, requires_grad=True)
    h = x * 1
    y = compiled(lambda h: h * h)(h)
    h.detach().add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_results_share_memory_as_the_functions_do() -> None:
    def function(x: Tensor) -> tuple:
        y = x * 2
        constant = torch.ones(2)
        return x[1:], x.detach(), y, y.clone(), constant

    fast = compiled(function)
    x = normal(4)
    for _ in range(2):
        view, alias, one, other, constant = fast(x)
        view.add_(10)
        same((view, alias), (x[1:], x))
        one.add_(1)
        same(other, one - 1)
        same(constant, torch.ones(2))
        constant.add_(1)


def test_tensors_made_inside_are_made_anew() -> None:
    def function(x: Tensor) -> Tensor:
        total = torch.zeros(3)
        for k in range(3):
            total += x * k
        return total

    fast, x = compiled(function), normal(3)
    for _ in range(2):
        same(fast(x), function(x))


# --- what is not a program ---


def runs_eagerly(function: Callable, reason: str, *args: Any) -> Callable:
    """The compiled function, once it has said that it runs eagerly; it says so once."""
    fast = torch.compile(function)
    with pytest.warns(UserWarning, match=reason):
        fast(*args)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fast(*args)
    with pytest.raises(RuntimeError, match="fullgraph=True"):
        torch.compile(function, fullgraph=True)(*args)
    return fast


def test_control_flow_on_a_value() -> None:
    function = lambda x: x * 2 if x.sum() > 0 else x - 1  # noqa: E731
    x = torch.tensor([1.0, 2.0])
    fast = runs_eagerly(function, "elements of an array are not known", x)
    same((fast(x), fast(-x)), (x * 2, -x - 1))


def test_what_differs_from_call_to_call(rng: np.random.Generator) -> None:
    fast = runs_eagerly(lambda x: x * rng.random(), "not do the same each time", torch.ones(2))
    assert (fast(torch.ones(2)) != fast(torch.ones(2))).all()


def test_random_numbers_are_those_of_the_function() -> None:
    function = lambda x: x * torch.rand(3)  # noqa: E731
    x = torch.ones(3)
    torch.manual_seed(1)
    expected = [function(x) for _ in range(3)]
    torch.manual_seed(1)
    fast = torch.compile(function)
    with pytest.warns(UserWarning, match="draws random numbers"):
        found = [fast(x) for _ in range(3)]
    same(found, expected)


def test_changes_to_python_objects() -> None:
    seen: list[int] = []

    def function(x: Tensor) -> Tensor:
        seen.append(1)
        return x * 2

    fast = runs_eagerly(function, "changes Python objects|not do the same", torch.ones(2))
    count = len(seen)
    fast(torch.ones(2))
    assert len(seen) == count + 1


def test_printing(capsys: pytest.CaptureFixture) -> None:
    def function(x: Tensor) -> Tensor:
        print("called")  # noqa: T201
        return x * 2

    fast = runs_eagerly(function, "it prints", torch.ones(2))
    capsys.readouterr()
    fast(torch.ones(2))
    assert capsys.readouterr().out == "called\n"


def test_errors_are_the_functions_own() -> None:
    fast = torch.compile(lambda x, y: x + y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(RuntimeError, match="must match the size of tensor b"):
            fast(normal(3), normal(4))


def test_tensors_are_as_before_when_tracing_fails() -> None:
    x, w = normal(3), normal(3, requires_grad=True)

    def function(x: Tensor) -> Tensor:
        (x * w).sum().backward()
        x.add_(1)
        return x if bool(x.sum() > 0) else -x

    expected, gradient = x + 1, x.clone()
    with pytest.warns(UserWarning, match="runs eagerly"):
        torch.compile(function)(x)
    same((x, w.grad), (expected, gradient))


# --- the call itself ---


def test_as_a_decorator_and_a_method() -> None:
    class Model:
        scale = 3

        @torch.compile(fullgraph=True)
        def forward(self, x: Tensor) -> Tensor:
            """Times three."""
            return x * self.scale

    assert Model.forward.__doc__ == "Times three."
    same(Model().forward(torch.ones(2)), torch.full((2,), 3.0))


def test_nested() -> None:
    inner = torch.compile(lambda x: x * 2, fullgraph=True)
    same(compiled(lambda x: inner(x) + 1)(torch.ones(2)), torch.full((2,), 3.0))


def test_options() -> None:
    function = lambda x: x * 2  # noqa: E731
    x = torch.ones(2)
    for options in ({"mode": mode} for mode in MODES):
        same(torch.compile(function, **options)(x), x * 2)
    for options in ({"disable": True}, {"backend": "eager"}, {"dynamic": True}, {"options": {}}):
        same(torch.compile(function, **options)(x), x * 2)
    with pytest.raises(RuntimeError, match="both can't be specified"):
        torch.compile(function, mode="default", options={})
    with pytest.raises(RuntimeError, match="Unrecognized mode=fast"):
        torch.compile(function, mode="fast")
    with pytest.raises(RuntimeError, match="Invalid backend"):
        torch.compile(function, backend="nothing")


def test_from_several_threads_at_once() -> None:
    fast = compiled(lambda x: (torch.exp(x) * x).sum())
    inputs = [normal(50_000, seed=seed) for seed in range(4)]
    expected = [(torch.exp(x) * x).sum().item() for x in inputs]
    found: dict[int, set] = {number: set() for number in range(4)}

    def work(number: int) -> None:
        for _ in range(20):
            found[number].add(fast(inputs[number]).item())

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number, values in found.items():
        assert len(values) == 1
        assert_allclose(values.pop(), expected[number], rtol=1e-5)
