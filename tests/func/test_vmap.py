"""`vmap`: against what PyTorch does (recorded; live in tests/conformance), and against loops."""

import functools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import adjoint as torch
from adjoint import func
from tests.differential import Programs, attempt
from tests.func.observing import seen

program = Programs("vmap")


def matrix(torch):
    return torch.arange(6.0).reshape(2, 3)


def product(a, b):
    return a * b


# --- where the examples lie ---


@program
def in_dims(torch):
    x, y = matrix(torch), matrix(torch) + 1
    vmap = torch.vmap
    return seen([
        vmap(product)(x, y),
        vmap(product, in_dims=(1, 1))(x, y),
        vmap(product, in_dims=-1)(x, y),
        vmap(product, in_dims=(0, None))(x, y[0]),
        vmap(product, in_dims=(None, 1))(x[:, 0], y),
        vmap(product, in_dims=(0, None))(x, 2.0),
        vmap(torch.dot, in_dims=(0, None))(x, y[1]),
        vmap(lambda a, k: a * k)(x, k=y[0]),
    ])  # fmt: skip


@program
def in_dims_of_trees(torch):
    x, y = matrix(torch), matrix(torch) + 1
    vmap = torch.vmap
    return seen([
        vmap(lambda d: d["a"] * d["b"][0], in_dims=({"a": 0, "b": (None,)},))({"a": x, "b": (y[0],)}),
        vmap(lambda d: d["a"] * d["b"][0], in_dims=({"a": 1, "b": 1},))({"a": x, "b": (y,)}),
        vmap(lambda pair, c: pair[0] + pair[1] + c, in_dims=([0, None], 1))([x, y[0]], x.reshape(3, 2)),
        vmap(lambda pair, c: pair[0] + pair[1] + c, in_dims=(0, None))((x, y), 1),
    ])  # fmt: skip


@program
def out_dims(torch):
    x = matrix(torch)
    vmap = torch.vmap
    return seen([
        vmap(lambda a: a, out_dims=1)(x),
        vmap(lambda a: a, out_dims=-1)(x),
        vmap(lambda a: (a, a * 2), out_dims=(0, 1))(x),
        vmap(lambda a: (a, a * 2), out_dims=1)(x),
        vmap(lambda a: {"s": a.sum(), "t": (a, [a])}, out_dims={"s": 0, "t": (1, [0])})(x),
        vmap(lambda a: {"s": a, "t": (a, [a])}, out_dims=1)(x),
        vmap(lambda a: [a.sum(), a])(x),
        vmap(lambda a: a.reshape(3, 1, 1), out_dims=2)(x),
    ])  # fmt: skip


@program
def outputs_without_a_batch(torch):
    x, z = matrix(torch), torch.ones(3)
    vmap = torch.vmap
    return seen([
        vmap(lambda a: z)(x),
        vmap(lambda a: (a, z * 2))(x),
        vmap(lambda a: z, out_dims=None)(x),
        vmap(lambda a: (a, 3), out_dims=(0, None))(x),
        vmap(lambda a: torch.tensor(2.0))(x),
    ])  # fmt: skip


@program
def chunks(torch):
    x = torch.arange(10.0).reshape(5, 2)
    calls = []

    def double(a, b):
        calls.append(1)
        return a * 2, b

    vmap = torch.vmap
    results = [vmap(double, chunk_size=size, out_dims=(1, 0))(x, x + 1) for size in (1, 2, 5, 7)]
    last = vmap(double, in_dims=(None, 1), chunk_size=1)(x, x)
    return [seen(results), seen(last), len(calls)]


# --- nesting ---


@program
def nested(torch):
    x, y = matrix(torch), torch.arange(4.0)
    vmap = torch.vmap
    outer = vmap(vmap(product, in_dims=(None, 0)), in_dims=(0, None))
    return seen([
        outer(y, y),
        vmap(lambda a: vmap(lambda b: a * b)(y))(x[:, 0]),
        vmap(vmap(lambda b: b.sum()), in_dims=1)(x.reshape(2, 3, 1)),
        vmap(vmap(vmap(torch.sin)))(x.reshape(1, 2, 3)),
        vmap(vmap(lambda a, b: (a, b), out_dims=(1, 0)), in_dims=(1, 0), out_dims=1)(x.reshape(3, 2, 1, 1), x),
        vmap(lambda a: vmap(lambda b: a @ b, in_dims=1)(x.T))(x),
    ])  # fmt: skip


# --- operations inside ---


@program
def operations(torch):
    x, y = matrix(torch).reshape(2, 3, 1) + 1, torch.arange(12.0).reshape(2, 3, 2)
    z, index = torch.arange(6.0).reshape(3, 2), torch.tensor([[0, 2], [1, 1]])
    vmap = torch.vmap
    programs = [
        lambda a, b: a + b * z - 2 / a,
        lambda a, b: (b**2).sum(0) + a.mean(),
        lambda a, b: b.amax(1, keepdim=True) - b.amin(),
        lambda a, b: b.sum((0, 1)),
        lambda a, b: b.reshape(-1)[:4].reshape(2, 2).T,
        lambda a, b: a.expand(3, 4),
        lambda a, b: a.squeeze(-1).unsqueeze(0),
        lambda a, b: b.permute(1, 0).flatten(),
        lambda a, b: torch.cat([a, b, z], 1),
        lambda a, b: torch.stack([b, z], -1),
        lambda a, b: torch.where(b > 2, b, a),
        lambda a, b: torch.clamp(b, 1, 4),
        lambda a, b: torch.maximum(b, z),
        lambda a, b: b.T @ a,
        lambda a, b: z.T @ b,
        lambda a, b: b @ z.T,
        lambda a, b: b[0] @ z[1],
        lambda a, b: z @ b[1],
        lambda a, b: b @ z[0],
        lambda a, b: b[:, 1] @ z,
        lambda a, b: b[1] @ b[2],
        lambda a, b: b[..., 0],
        lambda a, b: b[1:, None, -1],
        lambda a, b: torch.zeros_like(b) + torch.ones_like(a),
        lambda a, b: (b > 3).long() + (a < 2),
        lambda a, b: torch.flip(b, (0,)),
        lambda a, b: b.double() / 3,
        lambda a, b: b.detach().clone(),
        lambda a, b: (b.all(), b.any()),
        lambda a, b: torch.arange(3) * a.squeeze(-1),
        lambda a, b: b.T.contiguous().view(6),
    ]
    picks = [
        lambda a, i: a[i],
        lambda a, i: z[i],
        lambda a, i: a[torch.tensor([2, 0])],
        lambda a, i: a[:, i[0] * 0 + torch.tensor([0])],
        lambda a, i: z[:, i - i],
        lambda a, i: a[i, i - i],
        lambda a, i: z[i, torch.tensor([0, 1])],
        lambda a, i: a.expand(3, 2)[:, torch.tensor([1, 0, 1])],
        lambda a, i: a.expand(3, 2)[None, torch.tensor([1, 0]), :],
        lambda a, i: a.expand(3, 2).reshape(3, 1, 2)[torch.tensor([1, 0]), :, torch.tensor([1, 1])],
        lambda a, i: a.expand(3, 2).reshape(3, 1, 2)[i, :, i % 2],
        lambda a, i: z.reshape(3, 1, 2)[i, :, i % 2],
        lambda a, i: a.expand(3, 2).reshape(1, 3, 2)[:, i, i % 2],
        lambda a, i: z.reshape(1, 3, 2)[:, i, i % 2],
        lambda a, i: a[torch.tensor([True, False, True])],
    ]
    return [
        [attempt(lambda f=f: seen(vmap(f)(x, y))) for f in programs],
        [attempt(lambda f=f: seen(vmap(f)(x, index))) for f in picks],
        [attempt(lambda f=f: seen(vmap(f, in_dims=(1, None))(x.permute(1, 0, 2), index[0]))) for f in picks],
    ]


@program
def types(torch):
    x, i = torch.arange(3.0), torch.arange(3)
    vmap = torch.vmap
    return seen([
        vmap(lambda a: a + 1)(i),
        vmap(lambda a: a + 1.5)(i),
        vmap(lambda a, b: a * b)(x, i),
        vmap(lambda a: a * torch.tensor(2.0, dtype=torch.float64))(x),
        vmap(lambda a: a * torch.ones(2, dtype=torch.float64))(x),
        vmap(lambda a: a / 2)(i),
        vmap(lambda a: a * True)(i > 1),
    ])  # fmt: skip


# --- writing in place ---


@program
def in_place(torch):
    x = matrix(torch)
    vmap = torch.vmap
    written = x.clone()

    def double(a):
        a.mul_(2)
        return a + 1

    results = [vmap(double)(written), written, vmap(double, in_dims=1)(written), written]

    def fill(a, b):
        a[1] = b
        return a

    def fill_new(a, b):
        made = torch.zeros_like(a)
        made[0] = b
        made[torch.tensor([1, 2])] += a[1:]
        return made

    def through_views(a):
        made = a.clone()
        made[1:].mul_(10)
        made.view(3, 1)[0].add_(100)
        return made

    results += [vmap(fill)(x.clone(), torch.tensor([7.0, 8.0]))]
    results += [vmap(fill, in_dims=(0, None))(x.clone(), 5), vmap(fill_new)(x, x[:, 0]), vmap(through_views)(x)]
    results += [vmap(lambda a: a.copy_(torch.ones(3)))(x.clone()), vmap(lambda a: a.clone().zero_())(x)]
    return seen(results)


@program
def what_differs_between_examples_is_not_written_to_what_does_not(torch):
    x, vmap = matrix(torch), torch.vmap

    def copy(a, b):
        return b.copy_(a)

    def put(a, b):
        b[0] = a[0]
        return b

    return [
        attempt(lambda: vmap(copy, in_dims=(0, None))(x, torch.zeros(3))),
        attempt(lambda: vmap(put, in_dims=(0, None))(x, torch.zeros(3))),
        attempt(lambda: vmap(vmap(copy, in_dims=(0, None)), in_dims=(None, 0))(x, torch.zeros(2, 3))),
    ]


# --- what one example does not have ---


@program
def values_of_one_example(torch):
    x, vmap = matrix(torch), torch.vmap
    return [
        attempt(lambda f=f: vmap(f)(x))
        for f in (
            lambda a: a.sum().item(),
            lambda a: a if a.sum() > 0 else -a,
            lambda a: float(a.sum()),
            lambda a: int(a.sum()),
            lambda a: a.tolist(),
            lambda a: a.numpy(),
            lambda a: [1, 2][a.sum().long()],
            lambda a: a[a > 0],
        )
    ]


@program
def what_one_example_has(torch):
    x = torch.zeros(4, 2, 3)
    facts = []

    def look(a):
        facts.append([list(a.shape), a.ndim, a.numel(), len(a), str(a.dtype), a.size(1), len(list(a)), a.dim()])
        return a

    torch.vmap(look, in_dims=1)(x)
    return facts


# --- errors ---


def no_arguments():
    return 1


@program
def errors_of_arguments(torch):
    x, y, z = matrix(torch), torch.ones(2, 3), torch.ones(3)
    vmap = torch.vmap
    calls = [
        vmap(no_arguments),
        lambda: vmap(product, in_dims="a")(x, y),
        lambda: vmap(product, in_dims=1.5)(x, y),
        lambda: vmap(product, in_dims=None)(x, y),
        lambda: vmap(product, in_dims=(0,))(x, y),
        lambda: vmap(product, in_dims=[0, 0])(x, y),
        lambda: vmap(product, in_dims=((0, 0), 0))(x, y),
        lambda: vmap(lambda d: d["a"], in_dims=({"a": 0},))({"b": x}),
        lambda: vmap(product, in_dims=("a", 0))(x, y),
        lambda: vmap(product, in_dims=(5, 0))(x, y),
        lambda: vmap(product, in_dims=(-3, 0))(x, y),
        lambda: vmap(product)(x, 2.0),
        lambda: vmap(product, in_dims=(None, None))(x, y),
        lambda: vmap(product, in_dims=(0, 1))(x, y),
        lambda: vmap(product)(x, z),
        lambda: vmap(product)(x, torch.tensor(1.0)),
        lambda: vmap(product, randomness="x")(x, y),
        lambda: vmap(product, chunk_size=0)(x, y),
        lambda: vmap(functools.partial(product, y), in_dims=(0, 0))(x),
    ]
    return [attempt(call) for call in calls]


@program
def errors_of_results(torch):
    x = matrix(torch)
    vmap = torch.vmap
    calls = [
        lambda: vmap(lambda a: 3)(x),
        lambda: vmap(lambda a: (a, "s"))(x),
        lambda: vmap(lambda a: None)(x),
        lambda: vmap(lambda a: a, out_dims=(0, 0))(x),
        lambda: vmap(lambda a: (a, a), out_dims=(0,))(x),
        lambda: vmap(lambda a: (a, a), out_dims=[0, 1])(x),
        lambda: vmap(lambda a: a, out_dims="x")(x),
        lambda: vmap(lambda a: a, out_dims=1.0)(x),
        lambda: vmap(lambda a: a, out_dims=3)(x),
        lambda: vmap(lambda a: a, out_dims=-3)(x),
        lambda: vmap(lambda a: a, out_dims=None)(x),
    ]
    return [attempt(call) for call in calls]


@program
def an_error_inside_closes_the_vmap(torch):
    def fail(a):
        raise KeyError("inside")

    x = matrix(torch)
    first = attempt(lambda: torch.vmap(fail)(x))
    return [first, seen(torch.vmap(torch.sum)(x)), repr(x + 1)]


# --- gradients across the border ---


@program
def gradients_through(torch):
    x = matrix(torch).requires_grad_()
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = torch.vmap(lambda a: ((a * w).sin() + w.exp()).sum())(x)
    first = torch.autograd.grad(y.sum(), (x, w), create_graph=True)
    second = torch.autograd.grad(sum((each**2).sum() for each in first), (x, w))
    y2 = torch.vmap(lambda a: w)(x)
    y3 = torch.vmap(lambda a: (a, w * 2), in_dims=1, out_dims=(1, 0))(x)
    third = torch.autograd.grad((y3[0] * y3[1].sum(0)).sum(), (x, w))
    return seen([y, first, second, torch.autograd.grad(y2.sum(), w), third])


@program
def gradients_through_nested(torch):
    x = matrix(torch).requires_grad_()
    w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    b = torch.tensor(0.5, requires_grad=True)

    def outer(row):
        scale = (row * b).sum()
        return torch.vmap(lambda each, v: each * scale + v * b)(row, w)

    y = torch.vmap(outer)(x)
    (y**2).sum().backward()
    return seen([y, x.grad, w.grad, b.grad])


@program
def gradients_of_what_is_shared(torch):
    w = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]], requires_grad=True)
    x = matrix(torch)
    y = torch.vmap(lambda a: torch.relu(a @ w) @ w.T)(x)
    y.sum().backward()
    return seen([y, w.grad])


@program
def under_no_grad(torch):
    x = matrix(torch).requires_grad_()
    with torch.no_grad():
        outside = torch.vmap(torch.sin)(x)

    def quiet(a):
        with torch.no_grad():
            return a * 2

    return seen([outside, torch.vmap(quiet)(x), torch.vmap(lambda a: a.detach() * a)(x)])


@program
def text(torch):
    x, lines = matrix(torch), []

    def look(a):
        lines.extend([repr(a), str(a * 2)])
        return a

    torch.vmap(look)(x)
    torch.vmap(torch.vmap(look))(x[None])
    torch.vmap(look)(x.clone().requires_grad_())
    torch.func.vmap(torch.func.grad(lambda a: look(a).sum()))(x)
    torch.func.grad(lambda a: torch.vmap(look)(a).sum())(x)
    return lines


test_program = program.test()


# --- against loops ---


@st.composite
def batches(draw):
    """Two arrays that broadcast as examples, with a batch of the same size in any place of one or both."""
    shape = draw(st.lists(st.integers(0, 3), max_size=3))
    size = draw(st.integers(1, 3))
    arrays, dims = [], []
    for place in range(2):
        own = [1 if draw(st.booleans()) else length for length in shape][draw(st.integers(0, len(shape))) :]
        dim = draw(st.integers(0, len(own))) if not place or draw(st.booleans()) else None
        full = own if dim is None else [*own[:dim], size, *own[dim:]]
        values = draw(st.lists(st.integers(-3, 3), min_size=int(np.prod(full)), max_size=int(np.prod(full))))
        arrays.append(np.array(values, dtype=np.float64).reshape(full))
        dims.append(dim)
    return arrays, dims, size


@settings(max_examples=150, deadline=None)
@given(batches(), st.integers(0, 3))
def test_broadcasting_agrees_with_a_loop(batch, out_dim):
    arrays, dims, size = batch
    tensors = [torch.from_numpy(array) for array in arrays]
    function = lambda a, b: torch.where(a > b, a * 2, b) - a.sum()  # noqa: E731
    examples = [
        function(*(t if dim is None else t.select(dim, n) for t, dim in zip(tensors, dims, strict=True)))
        for n in range(size)
    ]
    out_dim = min(out_dim, examples[0].ndim)
    result = torch.vmap(function, in_dims=tuple(dims), out_dims=out_dim)(*tensors)
    np.testing.assert_array_equal(result.numpy(), torch.stack(examples, out_dim).numpy())


def logistic_loss(w, b, x, y):
    prediction = torch.clamp(torch.sigmoid(w @ x + b), 1e-8, 1 - 1e-8)
    return -(y * torch.log(prediction) + (1 - y) * torch.log(1 - prediction))


def test_per_example_gradients_of_the_logistic_loss_equal_the_loop():
    generator = np.random.default_rng(0)
    w, b = torch.from_numpy(generator.normal(size=5)), torch.tensor(0.3, dtype=torch.float64)
    x = torch.from_numpy(generator.normal(size=(7, 5)))
    y = torch.from_numpy((generator.random(7) > 0.5).astype(np.float64))
    gradient = func.grad(logistic_loss, argnums=(0, 1))
    batched = func.vmap(gradient, in_dims=(None, None, 0, 0))(w, b, x, y)
    for n in range(7):
        leaf_w, leaf_b = w.clone().requires_grad_(), b.clone().requires_grad_()
        logistic_loss(leaf_w, leaf_b, x[n], y[n]).backward()
        np.testing.assert_allclose(batched[0][n].numpy(), leaf_w.grad.numpy(), rtol=1e-12)
        np.testing.assert_allclose(batched[1][n].numpy(), leaf_b.grad.numpy(), rtol=1e-12)


def test_writing_to_an_input_that_requires_a_gradient_is_refused():
    x = torch.ones(2, 3, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        torch.vmap(lambda a: a.mul_(2))(x)
    with pytest.raises(RuntimeError, match="leaf Variable"):
        torch.vmap(lambda a: a[1:].mul_(2))(x * 1)
    assert torch.equal(x, torch.ones(2, 3))


def test_a_saved_example_that_is_written_later_is_noticed():
    x = torch.ones(2, 3, requires_grad=True)
    y = torch.vmap(lambda a: a.exp())(x)
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()
