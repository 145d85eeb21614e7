"""Forward mode: dual tensors as PyTorch has them (recorded; live in tests/conformance), and nesting against exact values."""

import gc
import math
import threading
import weakref

import pytest

import adjoint as torch
import adjoint.autograd.forward_ad as fwAD
from adjoint.func import grad, jvp, vjp
from tests.differential import Programs, attempt
from tests.func.observing import quiet

programs = Programs("forward_ad")


def program(function):
    return programs(quiet(function))


def dual_in(torch, values=(1.0, 2.0), tangent=(3.0, 4.0)):
    return torch.autograd.forward_ad.make_dual(torch.tensor(list(values)), torch.tensor(list(tangent)))


# --- levels and dual tensors ---


@program
def a_dual_tensor_prints_its_tangent(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        scalar = fw.make_dual(torch.tensor(1.0, requires_grad=True), torch.tensor(2.0))
        return [str(dual_in(torch)), str(dual_in(torch).sin()), str(scalar), str(scalar**2)]


@program
def a_dual_tensor_is_a_view_and_unpacks_into_a_view(torch):
    fw = torch.autograd.forward_ad
    x, t = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([3.0, 4.0])
    with fw.dual_level() as level:
        dual = fw.make_dual(x, t)
        unpacked = fw.unpack_dual(dual)
        return [
            level, dual.is_leaf, dual.grad_fn.name(), dual._base is x, unpacked.tangent is t, unpacked.primal is x,
            unpacked.primal._base is x, str(unpacked.primal), type(unpacked).__name__, unpacked._fields,
        ]  # fmt: skip


@program
def outside_of_a_level(torch):
    fw = torch.autograd.forward_ad
    x = torch.tensor([1.0])
    return [
        attempt(lambda: fw.make_dual(x, x)),
        fw.unpack_dual(x).primal is x,
        fw.unpack_dual(x).tangent,
        attempt(fw.exit_dual_level),
        attempt(lambda: fw.exit_dual_level(level=3)),
    ]


@program
def levels_do_not_nest(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        refused = attempt(fw.enter_dual_level)
        still_open = str(dual_in(torch))
        wrong = attempt(lambda: fw.exit_dual_level(level=1))
    return [refused, still_open, wrong, fw.enter_dual_level(), fw.exit_dual_level(level=0)]


@program
def what_cannot_be_dual(torch):
    fw = torch.autograd.forward_ad
    x, n = torch.tensor([1.0, 2.0]), torch.tensor([1, 2])
    with fw.dual_level():
        dual = fw.make_dual(x, x)
        return [
            attempt(lambda: fw.make_dual(x, torch.tensor([1.0, 2.0, 3.0]))),
            attempt(lambda: fw.make_dual(x, torch.tensor(1.0))),
            attempt(lambda: fw.make_dual(n, x)),
            attempt(lambda: fw.make_dual(x, n)),
            attempt(lambda: fw.make_dual(dual, x)),
            attempt(lambda: fw.make_dual(x, dual)),
            attempt(lambda: fw.make_dual(x, x, level=1)),
            attempt(lambda: fw.make_dual(x, x, level=-1)),
            attempt(lambda: fw.make_dual(1.0, x)),
            fw.unpack_dual(dual, level=1).tangent,
        ]


@program
def tangents_of_another_type_and_layout(torch):
    fw = torch.autograd.forward_ad
    x, t = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0], dtype=torch.float64)
    turned = torch.tensor([[1.0, 2.0], [3.0, 4.0]]).t()
    with fw.dual_level():
        wide = fw.make_dual(x, t)
        kept, copied = fw.make_dual(turned, turned), fw.make_dual(turned.clone().contiguous(), turned)
        return [
            str(wide), str(wide.sin()), str(wide * wide), fw.unpack_dual(kept).tangent is turned,
            fw.unpack_dual(copied).tangent is turned, fw.unpack_dual(copied).tangent.stride(),
        ]  # fmt: skip


@program
def leaving_a_level_drops_its_tangents(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        dual = dual_in(torch)
        result = dual * 2
        tangent = fw.unpack_dual(result).tangent
    with fw.dual_level():
        again = [str(dual), str(result), fw.unpack_dual(result).tangent]
    return [str(dual), fw.unpack_dual(result).tangent, tangent, again]


@program
def a_level_closes_after_an_error(torch):
    fw = torch.autograd.forward_ad

    def fail():
        with fw.dual_level():
            raise ValueError("inside")

    return [attempt(fail), attempt(lambda: dual_in(torch))]


@program
def a_level_as_a_decorator(torch):
    fw = torch.autograd.forward_ad

    @fw.dual_level()
    def derivative():
        return fw.unpack_dual(dual_in(torch).exp()).tangent

    @fw.dual_level()
    def derivatives():
        for _ in range(2):
            yield fw.unpack_dual(dual_in(torch).exp()).tangent

    steps = derivatives()
    return [derivative(), derivative(), next(steps), attempt(lambda: dual_in(torch)), next(steps)]


@program
def modes(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        dual = dual_in(torch)
        with torch.no_grad():
            without_gradients = str(dual * 2)
        with torch.inference_mode():
            in_inference = str(dual * 2)
        with fw._set_fwd_grad_enabled(False):
            off = [str(dual * 2), fw.unpack_dual(dual).tangent, str(dual_in(torch))]
        return [without_gradients, in_inference, off, str(dual * 2)]


# --- operations ---


@program
def constants_and_integers_have_no_tangent(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        x = dual_in(torch)
        return [fw.unpack_dual(each).tangent for each in (x > 1, x.long(), torch.zeros_like(x), x.detach(), x.data)]


@program
def tangents_of_mixed_operands(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        x, plain, whole = dual_in(torch), torch.tensor([1.0, 2.0]), torch.tensor([1, 2])
        zero_d = fw.make_dual(torch.tensor(1.0, dtype=torch.float64), torch.tensor(2.0, dtype=torch.float64))
        return [
            str(each)
            for each in (
                plain + x, whole * x, torch.cat([plain, x]), torch.cat([whole, x]), torch.stack([x, plain]),
                torch.where(plain > 1, x, 0.0), zero_d + plain, plain * zero_d, x.double(), 2 - x, 1 / x, x**x,
            )
        ]  # fmt: skip


@program
def complex_numbers(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        z = fw.make_dual(torch.tensor([3 + 4j]), torch.tensor([1j]))
        return [str(each) for each in (z.real, z.imag, z.conj(), z * z, z.abs())]


@program
def out_arguments_are_refused(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        x = dual_in(torch)
        return [
            attempt(lambda: torch.sin(x, out=torch.empty(2))),
            attempt(lambda: torch.mul(x, 2, out=torch.empty(2))),
        ]


@program
def what_has_no_derivative_is_refused(torch):
    with torch.autograd.forward_ad.dual_level():
        x = dual_in(torch)
        return [attempt(lambda: x // 2), attempt(lambda: torch.remainder(3, x))]


# --- in place, and views ---


@program
def tangents_follow_writes(torch):
    with torch.autograd.forward_ad.dual_level():
        scaled, replaced, zeroed, filled = (dual_in(torch) for _ in range(4))
        plain, stepped, masked = torch.tensor([1.0, 2.0]), dual_in(torch), dual_in(torch)
        scaled.mul_(2)
        replaced.copy_(plain)
        zeroed.zero_()
        filled.fill_(3)
        plain *= scaled
        stepped += stepped
        stepped.sin_().exp_()
        masked.masked_fill_(torch.tensor([True, False]), 7.0)
        return [str(each) for each in (scaled, replaced, zeroed, filled, plain, stepped, masked)]


@program
def tangents_are_written_in_place(torch):
    fw = torch.autograd.forward_ad
    x, t = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    with fw.dual_level():
        dual = fw.make_dual(x, t)
        dual.mul_(2)
        before = [str(t), str(x), fw.unpack_dual(dual).tangent is t]
        t.mul_(10)
        return [before, str(dual)]


@program
def results_do_not_share_the_tangents_of_operands(torch):
    with torch.autograd.forward_ad.dual_level():
        x = dual_in(torch)
        for result in (x + 1, x.clone(), torch.cat([x]), -x, x.expand(2, 2).clone(), torch.zeros(2).copy_(x)):
            result.mul_(5)
        return str(x)


@program
def views_show_parts_of_the_tangent(torch):
    with torch.autograd.forward_ad.dual_level():
        x = dual_in(torch, (1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0)).clone()
        square, row = x.view(2, 2), x.view(2, 2)[1]
        row.mul_(10)
        after_row = [str(x), str(square), str(row)]
        x.mul_(2)
        square.t()[0].add_(1)
        x[0] = 5.0
        return [after_row, str(x), str(square), str(row)]


@program
def a_write_gives_a_base_and_its_views_tangents(torch):
    with torch.autograd.forward_ad.dual_level():
        base = torch.zeros(3)
        head, tail = base[:2], base[1:]
        first = head[0]
        head.copy_(dual_in(torch))
        whole = torch.zeros(2)
        part = whole[:1]
        whole.copy_(dual_in(torch))
        part.mul_(5)
        return [str(each) for each in (base, head, tail, first, whole, part)]


@program
def detached_views_stay_apart(torch):
    with torch.autograd.forward_ad.dual_level():
        base = torch.zeros(2)
        detached = base.detach()
        detached.copy_(dual_in(torch))
        dual = dual_in(torch)
        dual.detach().mul_(3)
        return [str(base), str(detached), str(dual)]


@program
def views_of_a_turned_tensor(torch):
    fw = torch.autograd.forward_ad
    with fw.dual_level():
        x = fw.make_dual(torch.ones(2, 3), torch.arange(6.0).reshape(3, 2).t())
        flat = x.view(6)
        flat.mul_(2)
        turned = x.t() * 2
        back = turned.t().view(6)
        back.mul_(3)
        return [str(x), str(flat), str(turned), str(back)]


@program
def writes_that_gradients_forbid(torch):
    fw = torch.autograd.forward_ad
    leaf = torch.tensor([1.0, 2.0], requires_grad=True)
    with fw.dual_level():
        return [
            attempt(lambda: fw.make_dual(torch.ones(2), leaf).mul_(2)),
            attempt(lambda: fw.make_dual(leaf, torch.ones(2)).mul_(2)),
        ]


# --- with reverse mode ---


@program
def forward_over_reverse(torch):
    fw = torch.autograd.forward_ad
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with fw.dual_level():
        cubed = (fw.make_dual(x, torch.tensor([1.0, 0.0])) ** 3).sum()
        written = fw.make_dual(x, torch.tensor([1.0, 0.0])).clone()
        written[0].mul_(x[1])
        written.exp_()
        gradients = torch.autograd.grad(cubed, x) + torch.autograd.grad(written.sum(), x)
        return [[part.tolist() for part in fw.unpack_dual(each)] for each in gradients]


@program
def reverse_over_forward(torch):
    fw = torch.autograd.forward_ad
    x, t = (torch.tensor(values, requires_grad=True) for values in ([1.0, 2.0], [3.0, 4.0]))
    with fw.dual_level():
        tangent = fw.unpack_dual((fw.make_dual(x, t) ** 3).sum()).tangent
    tangent.backward()
    return [x.grad, t.grad]


test_program = programs.test()


def test_gradients_that_accumulate_carry_their_tangents():
    """PyTorch keeps only the tangent of the second: 6, where x ** 3 twice has 12."""
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with fwAD.dual_level():
        for _ in range(2):
            (fwAD.make_dual(x, torch.tensor([1.0, 0.0])) ** 3).sum().backward()
        assert fwAD.unpack_dual(x.grad).tangent.tolist() == [12.0, 0.0]


def test_a_tensor_multiplied_by_itself_in_place():
    """PyTorch reads the new value where the tangent's formula means the old one."""
    with fwAD.dual_level():
        x = fwAD.make_dual(torch.tensor([3.0]), torch.tensor([5.0])).clone()
        x *= x
        assert fwAD.unpack_dual(x).tangent.tolist() == [30.0]


def test_a_level_belongs_to_its_thread():
    seen = []
    with fwAD.dual_level():
        thread = threading.Thread(target=lambda: seen.append(attempt(lambda: dual_in(torch))))
        thread.start()
        thread.join()
    assert "no level exists" in seen[0]


# --- memory ---


def test_tangents_die_with_their_level_by_reference_count():
    gc.collect()
    gc.disable()
    try:
        with fwAD.dual_level():
            x = fwAD.make_dual(torch.ones(3, requires_grad=True), torch.ones(3))
            y = x.sin() * x
            view = y[0]
            y.mul_(2)
            tangents = [weakref.ref(fwAD.unpack_dual(each).tangent) for each in (x, y, view)]
            assert all(each() is not None for each in tangents)
        assert [each() for each in tangents] == [None, None, None]
        assert y.requires_grad
    finally:
        gc.enable()


def test_dropped_tensors_take_their_tangents_along_while_the_level_is_open():
    with fwAD.dual_level():
        x = fwAD.make_dual(torch.ones(3), torch.ones(3))
        dropped = weakref.ref(fwAD.unpack_dual(x.exp()).tangent)
        assert dropped() is None


# --- nesting, against exact values ---


def in_place(x):
    y = x * 1
    return y.mul_(x).add_(x).mul_(x * x)


def through_views(x):
    y = torch.stack([x, x * x])
    y[0].mul_(x * x)
    y[1].mul_(x)
    return y.sum()


def written_into_zeros(x):
    y = torch.zeros(3, dtype=x.dtype)
    y[0] = x
    y[1:] = torch.stack([x * x, x])
    return y.prod()


# name: (the function, its derivatives of order 1 to 4 at 0.7, worked out by hand)
def polynomial(*coefficients):
    """The derivatives of a polynomial, its coefficients given from the constant on."""
    values = []
    for _ in range(4):
        coefficients = [place * c for place, c in enumerate(coefficients)][1:]
        values.append(math.fsum(c * 0.7**place for place, c in enumerate(coefficients)))
    return values


E = math.exp(0.7)
SIN_EXP = [  # of sin(exp(x)), with y = exp(x)
    E * math.cos(E),
    E * math.cos(E) - E**2 * math.sin(E),
    (E - E**3) * math.cos(E) - 3 * E**2 * math.sin(E),
    (E - 6 * E**3) * math.cos(E) + (E**4 - 7 * E**2) * math.sin(E),
]
FUNCTIONS = {
    "polynomial": (lambda x: x**5 - 2 * x**3 + x, polynomial(0, 1, 0, -2, 0, 1)),
    "product": (lambda x: x * x * x, polynomial(0, 0, 0, 1)),
    "sine": (torch.sin, [math.cos(0.7), -math.sin(0.7), -math.cos(0.7), math.sin(0.7)]),
    "sine of exponential": (lambda x: torch.sin(torch.exp(x)), SIN_EXP),
    "exponential": (lambda x: torch.exp(2 * x), [2**n * math.exp(1.4) for n in (1, 2, 3, 4)]),
    "reciprocal": (lambda x: 1 / x, [(-1) ** n * math.factorial(n) / 0.7 ** (n + 1) for n in (1, 2, 3, 4)]),
    "power": (lambda x: x**2.5, [2.5 * 0.7**1.5, 3.75 * 0.7**0.5, 1.875 * 0.7**-0.5, -0.9375 * 0.7**-1.5]),
    "choice": (lambda x: torch.where(x > 0, x**4, -x), polynomial(0, 0, 0, 0, 1)),
    "product of elements": (lambda x: torch.stack([x, x * x, x]).prod(), polynomial(0, 0, 0, 0, 1)),
    "matrix product": (
        lambda x: torch.stack([x, x * x]) @ torch.stack([x**3, x]),
        polynomial(0, 0, 0, 1, 1),
    ),
    "sum, squared": (lambda x: torch.stack([x, x * x]).sum() ** 2, polynomial(0, 0, 1, 2, 1)),
    "a zero factor": (lambda x: torch.stack([x, x - 0.7, x]).prod(), polynomial(0, 0, -0.7, 1)),
    "indices": (lambda x: torch.stack([x, x * x])[torch.tensor([0, 1, 1])].prod(), polynomial(0, 0, 0, 0, 0, 1)),
    "in place": (in_place, polynomial(0, 0, 0, 1, 1)),
    "through views": (through_views, polynomial(0, 0, 0, 2)),
    "written into zeros": (written_into_zeros, polynomial(0, 0, 0, 0, 1)),
}
ORDERS = [
    "f",
    "ff",
    "fr",
    "rf",
    "fff",
    "ffr",
    "frf",
    "frr",
    "rff",
    "rfr",
    "rrf",
    "ffff",
    "frfr",
    "rfrf",
    "ffrr",
    "rrff",
]


def derivative(f, mode):
    if mode == "r":
        return grad(f)
    return lambda x: jvp(f, (x,), (torch.ones_like(x),))[1]


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_nested_modes_give_exact_derivatives(name, order):
    """Each letter differentiates what is to its left, in forward (f) or reverse (r) mode."""
    f, exact = FUNCTIONS[name]
    for mode in order:
        f = derivative(f, mode)
    value = f(torch.tensor(0.7, dtype=torch.float64)).item()
    assert value == pytest.approx(exact[len(order) - 1], rel=1e-9, abs=1e-9)


def test_eight_levels_deep():
    f = lambda x: x**10  # noqa: E731
    for _ in range(8):
        f = derivative(f, "f")
    assert f(torch.tensor(2.0, dtype=torch.float64)).item() == math.factorial(10) // 2 * 4


def test_levels_are_not_confused():
    """The inner derivative, of x * y by y, is x: the outer level's tangent of x is no part of it."""

    def f(x):
        return x * jvp(lambda y: x * y, (x.detach() * 0 + 1,), (torch.ones_like(x),))[1]

    value, tangent = jvp(f, (torch.tensor(3.0),), (torch.tensor(1.0),))
    assert (value.item(), tangent.item()) == (9.0, 6.0)


def test_an_inner_level_differentiates_by_a_tensor_of_the_outer():
    def f(x):
        return jvp(lambda y: y**3 * x, (x,), (x**2,))[1]  # 3 x ** 2 * x * x ** 2

    assert jvp(f, (torch.tensor(2.0),), (torch.tensor(1.0),))[1].item() == 15 * 2.0**4


def test_a_dual_level_around_and_inside_of_jvp():
    with fwAD.dual_level():
        x = fwAD.make_dual(torch.tensor(2.0), torch.tensor(1.0))
        inner = jvp(lambda y: y**4, (x,), (torch.tensor(1.0),))[1]
        assert fwAD.unpack_dual(inner) == (32.0, 48.0)

    def f(y):
        with fwAD.dual_level():
            return fwAD.unpack_dual(fwAD.make_dual(y, torch.ones_like(y)) ** 4).tangent

    assert jvp(f, (torch.tensor(2.0),), (torch.tensor(1.0),)) == (32.0, 48.0)


def test_tangents_of_complex_powers():
    """PyTorch keeps only the real part of the tangent where the base is real and the exponent complex."""
    _, tangent = jvp(
        lambda x: x**2j, (torch.tensor(0.5, dtype=torch.float64),), (torch.tensor(1.0, dtype=torch.float64),)
    )
    exact = 2j * 0.5 ** (2j - 1)
    assert tangent.item() == pytest.approx(exact)


def test_second_derivatives_where_an_operand_is_cast():
    """A real factor of a complex product: half of the second cotangent is not for it."""
    z = torch.tensor([1 + 2j], dtype=torch.complex128, requires_grad=True)
    weight, direction = torch.tensor([1 + 0.3j]), torch.tensor([0.5 - 0.2j])
    (first,) = torch.autograd.grad((z.real * z * weight).real.sum(), z, create_graph=True)
    (second,) = torch.autograd.grad((first * direction).real.sum(), z)
    assert first.item() == pytest.approx(1.4 - 0.3j)
    assert second.item() == pytest.approx(0.94 - 0.15j)


def test_a_constant_written_in_place_cuts_off_the_tangent():
    x = torch.tensor(2.0, requires_grad=True)

    def f(x):
        y = torch.stack([x**2, x**3])
        y[0].zero_()
        y[1:].fill_(5)
        return y.sum() + x**2

    assert grad(lambda x: jvp(f, (x,), (torch.ones_like(x),))[1])(x).item() == 2.0


def test_a_hessian_through_an_in_place_write():
    def f(x):
        y = x.clone()
        y[0].mul_(x[1])
        return y.prod()  # x0 * x1 ** 2

    x = torch.tensor([2.0, 3.0], dtype=torch.float64)
    columns = [jvp(grad(f), (x,), (unit,))[1].tolist() for unit in torch.eye(2, dtype=torch.float64)]
    assert columns == [[0.0, 6.0], [6.0, 4.0]]


def test_a_pull_back_can_be_pushed_forward():
    x = torch.tensor([1.0, 2.0], dtype=torch.float64)
    _, pull_back = vjp(lambda x: x**3, x)
    moved = jvp(lambda v: pull_back(v)[0], (torch.ones_like(x),), (torch.tensor([2.0, 5.0], dtype=torch.float64),))
    assert [each.tolist() for each in moved] == [[3.0, 12.0], [6.0, 60.0]]
