"""`torch.func` without `vmap`'s own tests: against what PyTorch does (recorded; live in tests/conformance)."""

import pytest

import adjoint as torch
from adjoint import func
from tests.differential import Programs, attempt
from tests.func.observing import quiet, seen

program = Programs("transforms")


def vector(torch):
    return torch.tensor([1.0, 2.0, 3.0])


def squares(x):
    return (x**2).sum()


# --- grad ---


@program
def gradients(torch):
    x, grad = vector(torch), torch.func.grad
    product = lambda a, b: (a * b).sin().sum()  # noqa: E731
    return seen([
        grad(squares)(x),
        grad(product)(x, 2 * x),
        grad(product, argnums=1)(x, 2 * x),
        grad(product, argnums=-2)(x, 2 * x),
        grad(product, argnums=(1, 0))(x, 2 * x),
        grad(product, argnums=(1,))(x, 2 * x),
        grad(lambda a, k: squares(a * k))(x, k=x),
        grad(lambda a, b: squares(a), argnums=(0, 1))(x, x),
        grad(lambda a: torch.tensor(2.0))(x),
        grad(lambda a: a.long().sum())(x),
        grad(lambda a, n: squares(a) * n)(x, 3),
        grad(lambda a: (a.double() ** 2).sum())(x),
        grad(lambda a: (a * torch.tensor([1j, 2.0, 3.0])).abs().sum())(x),
    ])  # fmt: skip


@program
def gradients_of_trees(torch):
    x, grad = vector(torch), torch.func.grad
    f = lambda d, e: squares(d["a"]) * d["b"][0].sum() + e[0].sum()  # noqa: E731
    tree = {"a": x, "b": [x, x + 1]}
    return seen([grad(f)(tree, (x,)), grad(f, argnums=(1, 0))(tree, (x,)), grad(f, argnums=(1,))(tree, (x,))])


@program
@quiet
def values_and_auxiliary_output(torch):
    x, both = vector(torch), torch.func.grad_and_value
    with_aux = lambda a: (squares(a), {"twice": a * 2, "input": a})  # noqa: E731
    return seen([
        both(squares)(x),
        both(with_aux, has_aux=True)(x),
        torch.func.grad(with_aux, has_aux=True)(x),
        torch.func.vjp(with_aux, x, has_aux=True)[2],
        torch.func.jacrev(lambda a: (a * 2, squares(a)), has_aux=True)(x),
        torch.func.jacfwd(lambda a: (a * 2, squares(a)), has_aux=True)(x),
    ])  # fmt: skip


@program
def nested_gradients(torch):
    x, grad = vector(torch), torch.func.grad
    one = torch.tensor(1.5)
    cube = lambda a: a**3  # noqa: E731
    return seen([
        grad(grad(cube))(one),
        grad(grad(grad(cube)))(one),
        grad(grad(grad(grad(torch.sin))))(one),
        grad(lambda a: grad(squares)(a).sum())(x),
        grad(lambda a: a * grad(lambda b: a + b)(one))(one),  # each level has its own perturbation
        grad(lambda a: a * grad(lambda b: a * b)(a))(one),
        grad(lambda a: grad(lambda b: a * b * b)(a * 2) * a)(one),
        grad(lambda a: grad(lambda b: (a * b) ** 2)(a.detach()))(one),
        torch.func.grad_and_value(lambda a: torch.func.grad_and_value(cube)(a)[1] * a)(one),
    ])  # fmt: skip


@program
def what_lies_outside_keeps_its_gradients(torch):
    x = vector(torch)
    w = torch.tensor([0.5, -1.0, 2.0], requires_grad=True)
    grad, both = torch.func.grad, torch.func.grad_and_value
    gradient, value = both(lambda a: squares(a * w))(x)
    (gradient.sum() + value).backward()
    results = [gradient, value, w.grad]
    results += [both(squares)(w), grad(lambda a: (squares(a), w * 2), has_aux=True)(x)]
    results += [both(lambda a: (squares(a) + w.sum(), a), has_aux=True)(x)]
    inner = grad(lambda a: squares(a * w.detach()))(x)
    second = torch.autograd.grad(grad(lambda a: (a**3 * w).sum())(w * 2).sum(), w)
    return seen([results, inner, second, x.grad, w.grad])


@program
def no_grad_inside_and_outside(torch):
    x = vector(torch)
    w = torch.ones(3, requires_grad=True)
    grad = torch.func.grad

    def half_constant(a):
        with torch.no_grad():
            c = a**2
        return (a - c).sum()

    results = [grad(half_constant)(x), grad(lambda a: grad(half_constant)(a).sum())(x)]
    with torch.no_grad():
        results += [torch.func.grad_and_value(lambda a: squares(a * w))(x), grad(squares)(w)]
        results += [
            torch.func.vjp(lambda a: a * w, x)[1](x),
            torch.func.jacrev(lambda a: a * w)(x),
            torch.is_grad_enabled(),
        ]
        results += [grad(lambda a: grad(lambda b: b**3)(a.sum()))(x)]
    return seen([results, torch.is_grad_enabled()])


@program
@quiet
def in_inference_mode(torch):
    x = vector(torch)
    with torch.inference_mode():
        inside = torch.ones(3)
        results = [
            torch.func.grad_and_value(squares)(x),
            torch.func.grad(squares)(inside),
            torch.func.vmap(torch.func.grad(squares))(x[None]),
            torch.func.vjp(torch.sin, x)[1](x),
            torch.func.jvp(torch.sin, (x,), (inside,)),
            torch.func.hessian(squares)(inside),
            torch.func.grad(lambda a: torch.func.grad(squares)(a).sum())(x),
        ]
        modes = [torch.is_inference_mode_enabled(), results[0][0].is_inference()]
    return seen([results, modes])


@program
def nothing_is_left_behind(torch):
    w = torch.ones(3, requires_grad=True)
    x = vector(torch)
    failed = attempt(lambda: torch.func.grad(lambda a: {}["missing"])(x))
    torch.func.grad(lambda a: squares(a * w))(w)
    return [failed, w.grad is None, x.grad is None, x.requires_grad, repr(x), torch.is_grad_enabled()]


@program
def inputs_look_like_leaves(torch):
    facts = []

    def look(a):
        facts.append([a.requires_grad, a.is_leaf, a.grad_fn is None, a.grad is None, (a * 2).is_leaf])
        return squares(a)

    torch.func.grad(look)(vector(torch))
    torch.func.grad(look)(torch.ones(3, requires_grad=True))
    torch.func.grad(lambda a: torch.func.grad(look)(a).sum())(vector(torch))
    return facts


@program
def numbers_are_known_inside(torch):
    x = vector(torch)
    return seen([
        torch.func.grad(lambda a: squares(a) * squares(a).item())(x),
        torch.func.grad(lambda a: squares(a) if squares(a) > 0 else -squares(a))(x),
        torch.func.grad(lambda a: squares(a) * a.tolist()[1])(x),
        torch.func.grad(lambda a: squares(a) * a.detach().sum())(x),
        attempt(lambda: torch.func.grad(lambda a: squares(a) * a.numpy().sum())(x)),
    ])  # fmt: skip


@program
def writing_in_place(torch):
    x = vector(torch)

    def inside(a):
        b = a.clone()
        b[0] = b[1] * 2
        b.mul_(a)
        return b.sum()

    errors = [
        attempt(lambda: torch.func.grad(lambda a: a.mul_(2).sum())(x)),
        attempt(lambda: torch.func.grad(lambda a: torch.func.grad(lambda b: b.mul_(2).sum())(a).sum())(x)),
        attempt(lambda: torch.func.vjp(lambda a: a.add_(1), torch.ones(3, requires_grad=True))),
    ]
    return seen([torch.func.grad(inside)(x), torch.func.grad(lambda a: torch.func.grad(inside)(a).sum())(x), errors, x])


@program
def errors_of_grad(torch):
    x, grad = vector(torch), torch.func.grad
    f = lambda a, b: squares(a * b)  # noqa: E731
    calls = [
        lambda: grad(lambda a: a * 2)(x),
        lambda: grad(lambda a: 3.0)(x),
        lambda: grad(lambda a: (squares(a), a))(x),
        lambda: grad(squares)(torch.arange(3)),
        lambda: grad(lambda a: a * 2)(3.0),
        lambda: grad(lambda d: squares(d["a"]))({"a": x, "b": 2.0}),
        grad(x.sum),
        lambda: grad(squares, argnums=1)(x),
        lambda: grad(f, argnums=-3)(x, x),
        lambda: grad(f, argnums=(0, 0))(x, x),
        lambda: grad(f, argnums=(0, -2))(x, x),
        lambda: grad(f, argnums="a")(x, x),
        lambda: grad(f, argnums=(0.0,))(x, x),
        lambda: grad(f, argnums=())(x, x),
        lambda: grad(f, argnums=[0, 1])(x, x),
        lambda: grad(lambda a: (squares(a), 3), has_aux=True)(x),
        lambda: grad(squares, has_aux=True)(x),
        lambda: grad(lambda a: (squares(a), a, a), has_aux=True)(x),
    ]
    return [attempt(call) for call in calls]


# --- vjp, jvp, linearize ---


@program
def products_with_the_transposed_jacobian(torch):
    x, vjp = vector(torch), torch.func.vjp
    value, pull_back = vjp(lambda a, b: (a * b, {"k": b.exp()}), x, x + 1)
    cotangents = (x, {"k": torch.ones(3)})
    return seen([
        value,
        pull_back(cotangents),
        pull_back(cotangents),
        vjp(torch.sin, x)[1](x),
        vjp(lambda a, b: a, x, x)[1](x),
        vjp(lambda d: d["a"] * d["b"], {"a": x, "b": x})[1](x),
        vjp(torch.sin, x)[1](x.double()),
        torch.func.vmap(vjp(torch.sin, x)[1])(torch.eye(3)),
        torch.func.grad(lambda c: vjp(torch.sin, x)[1](c)[0].pow(2).sum())(x),
        torch.func.grad(lambda a: vjp(torch.sin, a)[1](x)[0].pow(2).sum())(x),
        torch.func.vjp(lambda c: vjp(torch.sin, x)[1](c)[0], x)[1](x),
    ])  # fmt: skip


@program
def errors_of_vjp(torch):
    x, vjp = vector(torch), torch.func.vjp
    pull_back = vjp(torch.sin, x)[1]
    two = vjp(lambda a, b: (a * 2, {"k": b * a}), x, x)[1]
    calls = [
        lambda: pull_back(x[:2]),
        lambda: pull_back(2.0),
        lambda: pull_back((x, x)),
        lambda: two(x),
        lambda: two((x, {"j": x})),
        lambda: vjp(lambda a: 3, x),
        lambda: vjp(lambda a: (a, 3), x),
        lambda: vjp(lambda a: None, x),
        lambda: vjp(lambda a: (), x),
        lambda: vjp(lambda a: a, x, has_aux=True),
        lambda: vjp(lambda a: x, 3.0),
    ]
    return [attempt(call) for call in calls]


@program
@quiet
def products_with_the_jacobian(torch):
    x, jvp = vector(torch), torch.func.jvp
    t = torch.tensor([1.0, 0.5, -1.0])
    w = torch.ones(3, requires_grad=True)
    return seen([
        jvp(torch.sin, (x,), (t,)),
        jvp(lambda a, b: (a * b, a), (x, x + 1), (t, t * 2)),
        jvp(lambda d: {"s": d["a"].sum(), "w": x * 2}, ({"a": x},), ({"a": t},)),
        jvp(lambda a: (a**2, a * 3), (x,), (t,), has_aux=True),
        jvp(lambda a: jvp(torch.sin, (a,), (t,))[1], (x,), (t,)),
        jvp(lambda a: a * jvp(lambda b: a + b, (x,), (t,))[1], (x,), (t,)),
        jvp(torch.func.grad(lambda a: (a**3).sum()), (x,), (t,)),
        torch.func.grad(lambda a: jvp(lambda b: (b**3).sum(), (a,), (t,))[1])(x),
        torch.func.grad(lambda v: jvp(lambda b: (b**3).sum(), (x,), (v,))[1].pow(2))(t),
        torch.func.vmap(lambda v: jvp(torch.sin, (x,), (v,))[1])(torch.eye(3)),
        torch.func.vmap(lambda p, v: jvp(squares, (p,), (v,))[1], in_dims=(0, None))(torch.eye(3), t),
        jvp(torch.func.vmap(torch.sin), (x,), (t,)),
        torch.func.vmap(torch.func.grad(lambda a: jvp(torch.sin, (a,), (a,))[1]))(x),
        jvp(lambda a: (a * w).sum(), (x,), (t,)),
    ])  # fmt: skip


@program
@quiet
def errors_of_jvp(torch):
    x, jvp = vector(torch), torch.func.jvp
    f = lambda a: a**2  # noqa: E731
    calls = [
        lambda: jvp(f, x, x),
        lambda: jvp(f, (x,), x),
        lambda: jvp(f, (x,), (x[:2],)),
        lambda: jvp(f, (x,), (2.0,)),
        lambda: jvp(f, (3.0,), (2.0,)),
        lambda: jvp(lambda a, b: a, (x, x), (x,)),
        lambda: jvp(lambda: x, (), ()),
        lambda: jvp(f, (x,), (x,), has_aux=True),
        lambda: jvp(lambda a: 3, (x,), (x,)),
        lambda: jvp(lambda a: (a, 3), (x,), (x,)),
        lambda: jvp(f, (torch.arange(3),), (torch.arange(3),)),
        lambda: jvp(lambda a: x, (x,), (x,), strict=True),
    ]
    return [attempt(call) for call in calls]


@program
@quiet
def linear_maps(torch):
    x, linearize = vector(torch), torch.func.linearize
    t = torch.tensor([1.0, 0.5, -1.0])
    value, push_forward = linearize(lambda a, b: (a * b, a.sin()), x, x + 1)
    trees = linearize(lambda d: {"y": d["a"] * 2}, {"a": x})[1]
    one = linearize(torch.sin, x)[1]
    return seen([
        value,
        push_forward(t, t * 2),
        push_forward(t, t),
        trees({"a": t}),
        torch.func.vmap(one)(torch.eye(3)),
        attempt(lambda: one(x[:2])),
        attempt(lambda: one(x, x)),
        attempt(lambda: one(x.double())),
    ])  # fmt: skip


# --- Jacobians and Hessians ---


@program
@quiet
def jacobians(torch):
    x = vector(torch)
    y = torch.arange(6.0).reshape(2, 3) + 1
    w = torch.ones(3, requires_grad=True)
    results = [
        [
            jacobian(lambda a: a**2)(x),
            jacobian(squares)(x),
            jacobian(lambda a: y @ a)(x),
            jacobian(lambda a: a.T)(y),
            jacobian(lambda a, b: a * b, argnums=(0, 1))(x, y),
            jacobian(lambda a, b: a * b, argnums=1)(x, y),
            jacobian(lambda d: {"o": d["a"] * d["b"], "p": (d["a"].sum(),)})({"a": x, "b": x + 1}),
            jacobian(lambda a: [a, a.sum()])(x),
            jacobian(lambda a: y.sum())(x),
            jacobian(lambda a: a.double() * 2)(x),
            jacobian(lambda a: a * w)(x),
            jacobian(jacobian(lambda a: a**3))(x),
            jacobian(torch.func.grad(lambda a: (a**3).sum()))(x),
            torch.func.vmap(jacobian(lambda a: a.sin() * a.sum()))(y),
            jacobian(torch.func.vmap(torch.sin))(x),
            jacobian(lambda a, b: a[b])(x, torch.tensor([2, 0])),
        ]
        for jacobian in (torch.func.jacrev, torch.func.jacfwd)
    ]
    results.append(torch.func.jacrev(lambda a: a.sin() * a.sum(), chunk_size=1)(x))
    results.append(torch.func.jacrev(lambda a: (a.sin(), a.sum()), chunk_size=2)(x))
    return seen(results)


@program
@quiet
def hessians(torch):
    x, hessian = vector(torch), torch.func.hessian
    f = lambda a, b: (a * b).sum() ** 2 + (a.exp() * b).sum()  # noqa: E731
    other = (torch.func.jacrev, torch.func.jacfwd)
    cubes = lambda a: (a**3).sum() * a[0]  # noqa: E731
    return seen([
        hessian(squares)(x),
        hessian(cubes)(x),
        hessian(f, argnums=(0, 1))(x, x + 1),
        hessian(lambda d: (d["a"] ** 2 * d["b"]).sum())({"a": x, "b": x}),
        [outer(inner(cubes))(x) for outer in other for inner in other],
        torch.func.vmap(hessian(cubes))(torch.stack([x, x + 1])),
        hessian(lambda a: torch.sigmoid(a.sum()))(x),
        torch.func.grad(lambda a: hessian(cubes)(a).sum())(x),
    ])  # fmt: skip


@program
@quiet
def errors_of_jacobians(torch):
    x, jacrev, jacfwd = vector(torch), torch.func.jacrev, torch.func.jacfwd
    f = lambda a, b: a * b  # noqa: E731
    calls = [
        lambda: jacrev(f, argnums=2)(x, x),
        lambda: jacrev(f, argnums=(0, 0))(x, x),
        lambda: jacrev(f, argnums="a")(x, x),
        lambda: jacrev(torch.sin)(torch.arange(3)),
        lambda: jacrev(lambda a: 3)(x),
        lambda: jacrev(lambda a: x)(3.0),
        lambda: jacrev(torch.sin, chunk_size=0)(x),
        lambda: jacrev(lambda a: None)(x),
        jacrev(lambda: x),
        lambda: jacfwd(lambda a: a * 2)(torch.arange(3)),
        lambda: jacfwd(lambda a: 3)(x),
    ]
    return [attempt(call) for call in calls]


# --- all together ---


def logistic_loss(torch, w, b, x, y):
    prediction = torch.clamp(torch.sigmoid(w @ x + b), 1e-8, 1 - 1e-8)
    return -(y * torch.log(prediction) + (1 - y) * torch.log(1 - prediction))


@program
@quiet
def per_example_gradients(torch):
    w, b = torch.tensor([0.1, -0.2, 0.3]).double(), torch.tensor(0.5).double()
    x, y = torch.arange(12.0).reshape(4, 3).double() / 6 - 1, torch.tensor([0.0, 1.0, 1.0, 0.0]).double()
    loss = lambda w, b, x, y: logistic_loss(torch, w, b, x, y)  # noqa: E731
    vmap, grad = torch.func.vmap, torch.func.grad
    dims = (None, None, 0, 0)
    return seen([
        vmap(grad(loss), in_dims=dims)(w, b, x, y),
        vmap(grad(loss, argnums=(0, 1)), in_dims=dims, chunk_size=3)(w, b, x, y),
        vmap(torch.func.grad_and_value(loss), in_dims=dims)(w, b, x, y),
        vmap(torch.func.hessian(loss), in_dims=dims)(w, b, x, y),
        grad(lambda w: vmap(loss, in_dims=dims)(w, b, x, y).sum())(w),
        vmap(vmap(grad(loss), in_dims=dims), in_dims=(0, 0, None, None))(torch.stack([w, w * 2]), torch.stack([b, b]), x, y),
        vmap(grad(lambda w, x: vmap(grad(loss), in_dims=dims)(w, b, x, y).pow(2).sum()), in_dims=(0, None))(
            torch.stack([w, w * 2]), x
        ),
    ], digits=12)  # fmt: skip


@program
def per_example_gradients_can_be_differentiated(torch):
    w = torch.tensor([0.1, -0.2, 0.3], requires_grad=True, dtype=torch.float64)
    x = (torch.arange(12.0).reshape(4, 3).double() / 6 - 1).requires_grad_()
    y = torch.tensor([0.0, 1.0, 1.0, 0.0]).double()
    loss = lambda w, x, y: logistic_loss(torch, w, torch.tensor(0.5), x, y)  # noqa: E731
    gradients = torch.func.vmap(torch.func.grad(loss), in_dims=(None, 0, 0))(w, x, y)
    (gradients**2).sum().backward()
    return seen([gradients, w.grad, x.grad], digits=12)


@program
def a_small_network(torch):
    values = torch.arange(20.0).double().sin()
    parameters = {"w1": values[:12].reshape(3, 4), "b1": values[12:16], "w2": values[16:20]}
    x, y = torch.arange(15.0).double().cos().reshape(5, 3), torch.arange(5.0).double()

    def loss(parameters, x, y):
        hidden = torch.tanh(x @ parameters["w1"] + parameters["b1"])
        return (hidden @ parameters["w2"] - y) ** 2

    vmap, grad = torch.func.vmap, torch.func.grad
    ensemble = {name: torch.stack([value, value * 2]) for name, value in parameters.items()}
    return seen([
        vmap(grad(loss), in_dims=(None, 0, 0))(parameters, x, y),
        grad(lambda p: vmap(loss, in_dims=(None, 0, 0))(p, x, y).mean())(parameters),
        grad(lambda p: loss(p, x, y).mean())(parameters),
        vmap(lambda p: loss(p, x, y))(ensemble),
        vmap(grad(lambda p: loss(p, x, y).mean()))(ensemble),
        vmap(vmap(grad(loss), in_dims=(None, 0, 0)), in_dims=(0, None, None))(ensemble, x, y),
    ], digits=12)  # fmt: skip


@program
@quiet
def text(torch):
    lines = []

    def look(a):
        lines.extend([repr(a), str(a * 2), f"{a.sum()}"])
        return squares(a)

    torch.func.grad(look)(vector(torch))
    torch.func.grad(look)(torch.ones(2, requires_grad=True))
    torch.func.grad(lambda a: torch.func.grad(look)(a).sum())(vector(torch))
    torch.func.jvp(look, (vector(torch),), (vector(torch),))
    return [*lines, repr(vector(torch))]


test_program = program.test()


def by_forward(f):
    return lambda x: func.jvp(f, (x,), (torch.ones_like(x),))[1]


def test_perturbations_of_nested_forward_and_reverse_mode_are_kept_apart():
    # d/dx (x * d/dy (x * y) at y = x) = d/dx x^2, by every choice of modes
    for outer in (func.grad, by_forward):
        for inner in (func.grad, by_forward):
            derivative = outer(lambda x, inner=inner: x * inner(lambda y: x * y)(x))
            assert derivative(torch.tensor(3.0)).item() == 6


@pytest.mark.parametrize("depth", range(1, 7))
def test_any_mixture_of_modes_gives_the_same_derivative(depth):
    for choice in range(2**depth):
        f, x = torch.exp, torch.tensor(0.5, dtype=torch.float64)
        for place in range(depth):
            f = func.grad(f) if choice >> place & 1 else by_forward(f)
        assert f(x).item() == pytest.approx(torch.exp(x).item(), rel=1e-14)


def test_gradients_that_nobody_can_differentiate_are_not_recorded():
    kept = []
    func.grad(lambda a: (kept.append(a * 2), squares(a))[1])(torch.ones(3))
    gradient, pull_back = func.vjp(squares, torch.ones(3))
    assert gradient.grad_fn is None
    assert pull_back(torch.tensor(1.0))[0].grad_fn is None
