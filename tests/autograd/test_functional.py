"""`torch.autograd.functional`, and gradients of many cotangents at once, as PyTorch has them (recorded)."""

import functools

import adjoint as torch
from tests.differential import Programs, attempt
from tests.func.observing import quiet, seen

programs = Programs("functional")


def program(function):
    return programs(quiet(function))


def inputs(torch):
    return torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0]), torch.tensor(5.0)


def tried(function, *args, **kwargs):
    """What a call returns, in its form, or the error that it raises."""
    return attempt(lambda: seen(function(*args, **kwargs)))


FORMS = {
    "one": lambda x: x**3,
    "two": lambda x, y: x**3 * y,
    "outputs": lambda x: (x**3, x.sum()),
    "both": lambda x, y: (x**2 * y, x.sum(), y**3),
    "linear": lambda x: 3 * x,
    "unused": lambda x, y: x**3,
    "number": lambda x: (x**3).sum(),
    "numbers": lambda x, y: (x**3 * y).sum(),
    "sum": lambda x: x.sum(),
    "separate": lambda x, y: (x**3).sum() + y.sum(),
}
OPTIONS = [{"create_graph": graph, "strict": strict} for graph in (False, True) for strict in (False, True)]


@program
def products_with_vectors(torch):
    f = torch.autograd.functional
    x, y, c = inputs(torch)
    v = torch.tensor([1.0, 10.0])
    return [
        [
            tried(f.vjp, FORMS["one"], x, v, **options),
            tried(f.vjp, FORMS["one"], (x,), (v,), **options),
            tried(f.vjp, FORMS["outputs"], x, (v, c), **options),
            tried(f.vjp, FORMS["both"], (x, y), (v, c, v), **options),
            tried(f.vjp, FORMS["number"], x, **options),
            tried(f.vjp, FORMS["unused"], (x, y), v, **options),
            tried(f.jvp, FORMS["one"], x, v, **options),
            tried(f.jvp, FORMS["two"], (x, y), (v, v), **options),
            tried(f.jvp, FORMS["both"], (x, y), (v, v), **options),
            tried(f.jvp, FORMS["one"], c, **options),
            tried(f.jvp, FORMS["linear"], x, v, **options),
            tried(f.jvp, FORMS["unused"], (x, y), (v, v), **options),
        ]
        for options in OPTIONS
    ]


@program
def products_with_hessians(torch):
    f = torch.autograd.functional
    x, y, c = inputs(torch)
    v = torch.tensor([1.0, 10.0])
    return [
        [
            tried(product, FORMS["number"], x, v, **options),
            tried(product, FORMS["number"], (x,), (v,), **options),
            tried(product, FORMS["numbers"], (x, y), (v, v), **options),
            tried(product, FORMS["one"], c, **options),
            tried(product, FORMS["sum"], x, v, **options),
            tried(product, FORMS["separate"], (x, y), (v, v), **options),
        ]
        for product in (f.vhp, f.hvp)
        for options in OPTIONS
    ]


@program
def jacobians(torch):
    f = torch.autograd.functional
    x, y, c = inputs(torch)
    ways = [*OPTIONS, {"vectorize": True}, {"vectorize": True, "create_graph": True}]
    ways += [{"vectorize": True, "strategy": "forward-mode"}]
    return [
        [
            tried(f.jacobian, FORMS["one"], x, **how),
            tried(f.jacobian, FORMS["one"], (x,), **how),
            tried(f.jacobian, FORMS["two"], (x, y), **how),
            tried(f.jacobian, FORMS["outputs"], x, **how),
            tried(f.jacobian, FORMS["both"], (x, y), **how),
            tried(f.jacobian, FORMS["unused"], (x, y), **how),
            tried(f.jacobian, FORMS["linear"], x, **how),
            tried(f.jacobian, lambda x: x.reshape(2, 1) * x, x, **how),
            tried(f.jacobian, FORMS["one"], c, **how),
            tried(f.jacobian, lambda x: torch.ones(2), x, **how),
        ]
        for how in ways
    ]


@program
def hessians(torch):
    f = torch.autograd.functional
    x, y, c = inputs(torch)
    ways = [*OPTIONS, {"vectorize": True}, {"vectorize": True, "outer_jacobian_strategy": "forward-mode"}]
    return [
        [
            tried(f.hessian, FORMS["number"], x, **how),
            tried(f.hessian, FORMS["number"], (x,), **how),
            tried(f.hessian, FORMS["numbers"], (x, y), **how),
            tried(f.hessian, FORMS["one"], c, **how),
            tried(f.hessian, FORMS["sum"], x, **how),
            tried(f.hessian, FORMS["separate"], (x, y), **how),
        ]
        for how in ways
    ]


@program
def what_does_not_fit_together(torch):
    f = torch.autograd.functional
    x, y, c = inputs(torch)
    one, number = FORMS["one"], FORMS["number"]
    return [
        tried(f.vjp, one, x),
        tried(f.vjp, one, x, c),
        tried(f.vjp, one, x, (x, x)),
        tried(f.vjp, FORMS["both"], (x, y), (x, c)),
        tried(f.vjp, FORMS["both"], (x, y), (x, x, x)),
        tried(f.vjp, one, [x], x),
        tried(f.vjp, lambda x: 3.0, x),
        tried(f.vjp, lambda x: (x, 3), x),
        tried(f.vjp, one, x, 3.0),
        tried(f.jvp, one, x),
        tried(f.jvp, FORMS["two"], (x, y), x),
        tried(f.vhp, one, x, x),
        tried(f.hvp, lambda x: (number(x),), x, x),
        tried(f.vhp, number, x),
        tried(f.hessian, one, x),
        tried(f.hessian, lambda x: (number(x),), x),
        tried(f.jacobian, one, x, strategy="sideways"),
        tried(f.jacobian, one, x, strategy="forward-mode"),
        tried(f.jacobian, one, x, strategy="forward-mode", vectorize=True, create_graph=True),
        tried(f.jacobian, one, x, strategy="forward-mode", vectorize=True, strict=True),
        tried(f.jacobian, one, x, vectorize=True, strict=True),
        tried(f.hessian, number, x, outer_jacobian_strategy="sideways"),
        tried(f.hessian, number, x, outer_jacobian_strategy="forward-mode"),
    ]


@program
def inputs_that_require_gradients(torch):
    f = torch.autograd.functional
    x, v = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([1.0, 10.0], requires_grad=True)
    detached = [f.vjp(FORMS["one"], x, v), f.jvp(FORMS["one"], x, v), f.jacobian(FORMS["one"], x)]
    recorded = (
        f.vjp(FORMS["one"], x, v, create_graph=True)[1].sum() + f.jacobian(FORMS["one"], x, create_graph=True).sum()
    )
    with torch.no_grad():
        without_gradients = [f.jvp(FORMS["one"], x, v), f.jvp(FORMS["one"], x, v, create_graph=True)]
    return seen([detached, without_gradients, torch.autograd.grad(recorded, (x, v))])


@program
def a_closure_over_an_input_does_not_count(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    return seen(torch.autograd.functional.jacobian(lambda y: x * y, x))


@program
def complex_functions(torch):
    f = torch.autograd.functional
    z = torch.tensor([1 + 2j, 3 - 1j])
    square = lambda z: z * z  # noqa: E731
    return [
        tried(f.vjp, square, z, z),
        tried(f.jvp, square, z, z),
        tried(f.jacobian, square, z),
        tried(f.jacobian, lambda z: z.real, z),
    ]


# --- grad with many cotangents at once ---


@program
def batches_of_cotangents(torch):
    x, other = torch.tensor([1.0, 2.0], requires_grad=True), torch.ones(2, requires_grad=True)
    y = x**3
    grad = functools.partial(tried, torch.autograd.grad, is_grads_batched=True, retain_graph=True)
    return [
        grad(y, x, torch.eye(2)),
        grad(y, x, torch.eye(2), create_graph=True),
        grad((y, y.sum()), x, (torch.eye(2), torch.ones(2))),
        grad((y, y.sum()), x, (torch.eye(2), torch.ones(3)))[:24],
        grad(y, (x, other), torch.eye(2), allow_unused=True),
        grad(y, (x, other), torch.eye(2), materialize_grads=True),
        grad(y, x),
        grad(y, x, torch.eye(3))[:60],
    ]


test_program = programs.test()


def test_a_jacobian_in_forward_mode_inside_of_forward_mode():
    """PyTorch opens no level inside of another; here derivatives nest, and this one is 6 x."""

    def diagonal(x):
        jacobian = torch.autograd.functional.jacobian(lambda y: y**3, x, vectorize=True, strategy="forward-mode")
        return (jacobian * torch.eye(2)).sum(0)

    x = torch.tensor([1.0, 2.0])
    value, tangent = torch.func.jvp(diagonal, (x,), (torch.ones(2),))
    assert (value.tolist(), tangent.tolist()) == ([3.0, 12.0], [6.0, 12.0])
