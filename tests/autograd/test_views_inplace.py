"""Views and in-place writes: what shares memory, what becomes of histories and versions, and what is refused.

Each program is run on Adjoint and compared with what was recorded from PyTorch; see tests/differential.py.
"""

import math

import pytest

import adjoint
from tests.differential import Programs, attempt

program = Programs("views_inplace")


def numbers(torch, *shape):
    """1, 2, 3, ... in a shape, in memory of their own."""
    return torch.arange(1.0, 1 + math.prod(shape)).reshape(*shape).clone()


def leaf(torch, *shape):
    return numbers(torch, *shape).requires_grad_()


def names(*tensors):
    return [None if each.grad_fn is None else each.grad_fn.name() for each in tensors]


# --- every view operation ---

VIEWS = {
    "select": lambda x: x[1],
    "select_last": lambda x: x[..., -1],
    "select_method": lambda x: x.select(1, 2),
    "slice": lambda x: x[0:1],
    "slice_with_step": lambda x: x[:, ::2],
    "slice_of_all": lambda x: x[:],
    "slices_of_all": lambda x: x[:, :],
    "ellipsis": lambda x: x[...],
    "new_axis": lambda x: x[None],
    "mixed_index": lambda x: x[None, 1, ..., 0:2],
    "narrow": lambda x: x.narrow(1, 1, 2),
    "view": lambda x: x.view(3, 2),
    "view_flat": lambda x: x.view(-1),
    "view_as": lambda x: x.view_as(x),
    "reshape": lambda x: x.reshape(6),
    "reshape_as": lambda x: x.reshape_as(x),
    "flatten": lambda x: x.flatten(),
    "t": lambda x: x.t(),
    "T": lambda x: x.T,
    "mT": lambda x: x.mT,
    "transpose": lambda x: x.transpose(0, 1),
    "swapaxes": lambda x: x.swapaxes(0, 1),
    "permute": lambda x: x.permute(1, 0),
    "unsqueeze": lambda x: x.unsqueeze(1),
    "squeeze": lambda x: x[0:1].squeeze(),
    "squeeze_dim": lambda x: x[0:1].squeeze(0),
    "expand": lambda x: x[0].expand(1, 3),
    "unbind": lambda x: x.unbind()[1],
    "split": lambda x: x.split(2, dim=1)[0],
    "chunk": lambda x: x.chunk(2)[1],
}  # fmt: skip


def _of(view):
    def views_share_memory_and_history(torch):
        x = leaf(torch, 2, 3)
        y = x * 2
        v = view(y)
        before = names(v), v._base is y, v._version
        with torch.no_grad():
            v.mul_(3)  # seen in the base
        return before, y, attempt(lambda: names(v))

    return views_share_memory_and_history


def _written(view):
    def writing_to_a_view_rewrites_the_base(torch):
        x, w = leaf(torch, 2, 3), leaf(torch, 1)
        y = x * 2
        v = view(y)
        v.mul_(w)
        later = view(y)
        (y * y).sum().backward()
        return x, w, y, v, later

    return writing_to_a_view_rewrites_the_base


def _of_a_leaf(view):
    def a_view_of_a_leaf(torch):
        x = leaf(torch, 2, 3)
        v = view(x)
        refused = attempt(lambda: v.mul_(2))
        (v * v).sum().backward()
        return refused, x, v

    return a_view_of_a_leaf


for _name, _view in VIEWS.items():
    for _make in (_of, _written, _of_a_leaf):
        _program = _make(_view)
        _program.__name__ = f"{_program.__name__}-{_name}"
        program(_program)


# --- writing to views and bases ---


@program
def a_write_to_a_view_is_one_to_the_base(torch):
    x = leaf(torch, 3)
    y = x * 2
    v = y[1:]
    v.mul_(3)
    y.sum().backward()
    return x, y, v


@program
def a_write_to_a_view_of_a_view(torch):
    x = leaf(torch, 3)
    y = x.clone()
    v = y.view(3, 1)
    w = v[0]
    w.add_(x[2])
    (y * y).sum().backward()
    return x, y, v, w, w._base is y


@program
def a_write_to_the_base_changes_the_history_of_views(torch):
    x = leaf(torch, 3)
    y = x.clone()
    v = y[0]
    y.mul_(2)
    z = v * 3
    z.backward()
    return x, y, v, z


@program
def two_views_of_the_same_elements(torch):
    x = leaf(torch, 3)
    y = x * 2
    v, w = y.view(3), y.view(3)
    v.mul_(2)
    w.mul_(3)
    (v + w).sum().backward()
    return x, y, v, w


@program
def a_view_of_numbers_takes_on_a_history(torch):
    x, w = numbers(torch, 3), leaf(torch, 2)
    v = x[1:]
    v.mul_(w)
    x.sum().backward()
    return x, v, w


@program
def one_row_from_another(torch):
    x = leaf(torch, 2, 3)
    y = x.clone()
    y[0] = y[1] * 2
    y.t()[1].mul_(5)
    y.sum().backward()
    return x, y


@program
def writes_to_overlapping_views(torch):
    x = leaf(torch, 4)
    y = x * 1
    y[:3].mul_(2)
    y[1:].mul_(x[:3])
    y[1:3].pow_(2)
    y.sum().backward()
    return x, y


@program
def a_view_that_outlives_the_name_of_its_base(torch):
    x = leaf(torch, 3)
    v = (x * 2)[1:]
    v.mul_(v.detach().clone())
    v.sum().backward()
    return x, v, v._base


@program
def a_write_at_every_level(torch):
    x = leaf(torch, 2, 2)
    y = x * 1
    a = y[0]
    b = a[1:]
    b.mul_(2)
    a.mul_(3)
    y.mul_(5)
    (a.sum() + b.sum() + y.sum()).backward()
    return x, y, a, b


@program
def second_derivatives_through_writes(torch):
    x = leaf(torch, 3)
    y = x * x
    y[1:].mul_(x[:2])
    v = y.view(3, 1)
    v[0] = x[2] * v[1].detach()
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    g.sum().backward()
    return g.detach(), x


@program
def writes_through_the_real_part(torch):
    z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    y = z * 2
    y.real.mul_(3)
    (y * y).imag.sum().backward()
    return z, y


@program
def expanded_views(torch):
    x = leaf(torch, 3)
    y = (x * 1).expand(2, 3)
    z = y.clone()
    z.t()[0] = 7
    z.sum().backward()
    return x, z, attempt(lambda: y.add_(1)), attempt(lambda: y.copy_(z)), y.detach().zero_()


# --- several views at once ---


@program
def one_of_several_views_cannot_be_written_to(torch):
    y = leaf(torch, 4) * 1
    return [attempt(lambda v=v: v.add_(1)) for v in (y.unbind()[0], y.split(2)[1], y.chunk(2)[0], y.chunk(2)[1][0:1])]


@program
def several_views_after_a_write_to_their_base(torch):
    y = leaf(torch, 4) * 1
    a, b = y.split(2)
    y.add_(1)
    with torch.no_grad():
        unrecorded = a * 2
    return [
        attempt(lambda: a * 2),
        attempt(lambda: a.grad_fn),
        attempt(lambda: a.is_leaf),
        attempt(lambda: b.sum().backward()),
        a.requires_grad,
        unrecorded,
        a.detach(),
        repr(a),
    ]


@program
def several_views_of_numbers_can_be_written_to(torch):
    x = numbers(torch, 4)
    a, b = x.chunk(2)
    a.add_(1)
    return x, a, b, attempt(lambda: b.mul_(leaf(torch, 2)))


@program
def one_of_several_views_under_no_grad(torch):
    x = leaf(torch, 4)
    y = x * 1
    a = y.unbind()[0]
    with torch.no_grad():
        a.mul_(5)
    y.sum().backward()
    return x, y, attempt(lambda: a.grad_fn)


# --- leaves ---


@program
def a_leaf_cannot_be_written_to(torch):
    x = leaf(torch, 3)

    def assign():
        x[0] = 1

    return [
        attempt(lambda: x.add_(1)),
        attempt(assign),
        attempt(lambda: x.view(3).add_(1)),
        attempt(x.zero_),
        attempt(lambda: x.copy_(x)),
        x,
    ]


@program
def a_leaf_under_no_grad(torch):
    x = leaf(torch, 3)
    with torch.no_grad():
        x.add_(1)
        x[0] = 10
    (x * x).sum().backward()
    return x


@program
def a_leaf_written_between_use_and_backward(torch):
    x = leaf(torch, 3)
    y = (x * x).sum()
    with torch.no_grad():
        x.add_(1)
    return attempt(y.backward)


@program
def a_view_that_is_itself_a_leaf(torch):
    x = numbers(torch, 3)
    v = x.view(3).requires_grad_()
    x.add_(1)
    (v * v).sum().backward()
    return attempt(lambda: v.mul_(2)), v, x


@program
def a_base_that_comes_to_require_a_gradient(torch):
    x = numbers(torch, 3)
    v, w = x.view(3), x.view(3)
    x.requires_grad_()
    z = v * 2
    z.sum().backward()
    before = v.requires_grad, v.is_leaf, z.requires_grad, x.grad
    with torch.no_grad():
        x.mul_(2)
    after = names(w), w.is_leaf
    x.requires_grad_(False)
    return before, after, v


@program
def a_view_made_before_a_write_and_requires_grad(torch):
    x = numbers(torch, 3)
    v = x.view(3)
    x.add_(1)
    x.requires_grad_()
    (v * v).sum().backward()
    return x, v


@program
def a_leaf_that_stops_requiring_a_gradient(torch):
    x = leaf(torch, 3)
    y = x * 2
    x.requires_grad_(False)
    y.sum().backward()
    x.mul_(2)
    return x, x.grad


# --- views and no_grad ---


@program
def a_view_made_under_no_grad(torch):
    x = leaf(torch, 3)
    y = x * 2
    with torch.no_grad():
        v, of_leaf = y.view(3), x.view(3)
    return v, of_leaf, (v * 2).grad_fn.name(), attempt(lambda: v.add_(1)), attempt(lambda: v.view(3, 1).add_(1))


@program
def a_view_made_under_no_grad_and_a_write(torch):
    x = leaf(torch, 3)
    y = x * 2
    with torch.no_grad():
        v = y.view(3)
    y.add_(1)
    with torch.no_grad():
        inside = v * 2
    return attempt(lambda: v.grad_fn), attempt(lambda: v * 2), inside, v.requires_grad, repr(v)


@program
def a_view_made_and_written_under_no_grad(torch):
    x = leaf(torch, 3)
    y = x * 2
    with torch.no_grad():
        y[0:2].mul_(2)
        x[0:2].mul_(2)
    y.sum().backward()
    return x, y


@program
def a_write_under_no_grad_keeps_the_history(torch):
    x = leaf(torch, 3)
    y = x.clone()
    v = y[0]
    with torch.no_grad():
        v.mul_(7)
    y.sum().backward()
    return x, y, v


@program
def a_view_of_numbers_made_under_no_grad(torch):
    x = numbers(torch, 3)
    with torch.no_grad():
        v = x.view(3)
    v.mul_(2)
    return x, v, attempt(lambda: v.mul_(leaf(torch, 3)))


# --- inference mode ---


@program
def tensors_of_inference_mode(torch):
    with torch.inference_mode():
        a = torch.ones(3)
        v = a.view(3)
        v.add_(1)
        refused = torch.ones(3)
    x = leaf(torch, 3)
    return [
        a.is_inference(),
        v.is_inference(),
        v._is_view(),
        a.view(3).is_inference(),
        (a + 1).is_inference(),
        a.tolist(),
        attempt(lambda: a._version),
        attempt(lambda: refused.add_(1)),
        attempt(a.requires_grad_),
        attempt(lambda: x * a),
        (x + a).grad_fn.name(),
        a.clone().add_(1).tolist(),
        type(a) is type(torch.ones(1)) or a.__class__ is torch.Tensor,
        f"{a[0]:.2f}",
    ]


@program
def normal_tensors_in_inference_mode(torch):
    x = leaf(torch, 3)
    y = x * 2
    with torch.inference_mode():
        v = y.view(3)
        y.add_(1)
    return v._is_view(), v.is_inference(), v.requires_grad, y, attempt(lambda: v.add_(1))


@program
def a_leaf_made_in_inference_mode(torch):
    with torch.inference_mode():
        b = torch.ones(2, requires_grad=True)
    y = b * 2
    return b.requires_grad, y.grad_fn.name()


# --- what was saved ---


@program
def a_saved_result_is_overwritten(torch):
    z = (leaf(torch, 3) * 1).exp()
    z.add_(1)
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_overwritten(torch):
    y = leaf(torch, 3) * 1
    z = y.sin()
    y.add_(1)
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_overwritten_through_a_view(torch):
    y = leaf(torch, 3) * 1
    z = y * y
    y[0] = 1
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_overwritten_by_a_copy(torch):
    y = leaf(torch, 3) * 1
    z = y * y
    y.copy_(y + 1)
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_filled(torch):
    y = leaf(torch, 3) * 1
    z = y * y
    y.fill_(1)
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_overwritten_under_no_grad(torch):
    y = leaf(torch, 3).clone()
    z = y * y
    with torch.no_grad():
        y.mul_(7)
    return attempt(z.sum().backward)


@program
def a_saved_operand_is_overwritten_through_detach(torch):
    y = leaf(torch, 3) * 2
    z = y * y
    y.detach().add_(1)
    return attempt(z.sum().backward)


@program
def a_saved_view_is_overwritten_through_its_base(torch):
    y = leaf(torch, 4) * 2
    z = y[1:3].exp()
    w = y[:2] * y[2:]
    y.add_(1)
    z.sum().backward(retain_graph=True)
    return attempt(w.sum().backward)


@program
def what_is_not_saved_may_be_overwritten(torch):
    x = leaf(torch, 3)
    y = x * 1
    z = y + 1
    y.mul_(5)
    z.sum().backward()
    return x, z, y


@program
def an_operation_in_place_on_itself(torch):
    x = leaf(torch, 3)
    y = x.clone()
    y += x
    y *= y
    return attempt(y.sum().backward), y


@program
def a_saved_result_of_a_write_is_overwritten(torch):
    y = leaf(torch, 3).clone()
    y.relu_()
    y.sigmoid_()
    return attempt(y.sum().backward), y


@program
def writes_that_save_the_old_value(torch):
    x = leaf(torch, 3)
    y = x.clone()
    for write in (lambda: y.sin_(), lambda: y.pow_(2), lambda: y.mul_(x), lambda: y.div_(x)):
        write()
    y.sum().backward()
    return x, y


# --- every way to write ---


@program
def in_place_operators(torch):
    x = leaf(torch, 3)
    y = x.clone()
    y += x
    y -= 0.5
    y *= x
    y /= 2
    y **= 2
    y.sum().backward()
    return x, y


@program
def assignment_to_parts(torch):
    x = leaf(torch, 2, 2)
    y = x.clone()
    y.fill_(3.0)
    y[0, 0] = x[1, 1]
    y[1] += x[0]
    y[:, 1] *= 2
    y[...] -= 1
    y.sum().backward()
    return x, y


@program
def assignment_of_everything(torch):
    x = leaf(torch, 3)
    found = []
    for write in ("y[:] = 2", "y[...] = 2", "y[0:3] = 2", "y[:] = x", "y[...] = x[0]", "y[None] = 1", "y[:2] = 1"):
        y = x * 2
        exec(write, {"x": x, "y": y})
        found.append((write, y))
    return found


@program
def assignment_by_mask_and_by_index(torch):
    x = leaf(torch, 3)
    y = x.clone()
    y[y > 1] = 0
    z = x.clone()
    z[torch.tensor([0, 0])] += 1
    w = x.clone()
    w[[0, 2]] = x[:2]
    (y * 2 + z * 3 + w * 5).sum().backward()
    return x, y, z, w


@program
def assignment_of_other_types(torch):
    y = numbers(torch, 3)

    def assign(index, value):
        y[index] = value
        return y.tolist()

    double = torch.tensor(2.0, dtype=torch.float64)
    return [
        assign(0, double),
        assign(0, True),
        attempt(lambda: assign(0, 1j)),
        attempt(lambda: assign([0], double)),
        assign(y > 1, double),
        attempt(lambda: assign(slice(0, 2), torch.ones(4))),
    ]


@program
def a_write_that_does_not_fit(torch):
    return [
        attempt(lambda: numbers(torch, 3).add_(torch.ones(2, 3))),
        attempt(lambda: torch.tensor([1, 2]).mul_(1.5)),
        attempt(lambda: numbers(torch, 3).mul_(torch.tensor([1j, 2, 3]))),
        attempt(lambda: numbers(torch, 3).fill_(torch.ones(1))),
        attempt(lambda: numbers(torch, 1).expand(3).add_(1)),
    ]


@program
def a_write_of_another_type(torch):
    x, w = numbers(torch, 3).double(), leaf(torch, 3)
    x.mul_(w)
    x.sum().backward()
    return x, w


@program
def zeroing_and_copying(torch):
    x = leaf(torch, 3)
    y, z = x.clone(), x.clone()
    v = y[:2]
    y.zero_()
    z.copy_(x * 3)
    (v.sum() + y.sum() + z.sum()).backward()
    return x, y, z, v


@program
def a_scalar_in_place(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = x.clone()
    y.add_(1)
    y.mul_(x)
    y.backward()
    return x, y


@program
def out_arguments(torch):
    x = leaf(torch, 3)
    out = torch.empty(3)
    result = torch.mul(x.detach(), 2, out=out)
    with torch.no_grad():
        torch.add(x, 1, out=out)
    return result is out, out, attempt(lambda: torch.mul(x, 2, out=out)), attempt(lambda: torch.mul(out, 2, out=x))


@program
def out_that_is_a_view(torch):
    x = leaf(torch, 4)
    y = x * 1
    v = y[1:3]
    with torch.no_grad():
        torch.mul(x[:2], 10, out=v)
    y.sum().backward()
    return x, y, v


# --- leaving the graph ---


@program
def detach_shares_memory_and_versions(torch):
    x = leaf(torch, 3)
    y = x * 2
    d = y.detach()
    d.add_(1)
    v = y[0]
    d.mul_(2)
    y.sum().backward()
    return x, y, d, d._is_view(), v


@program
def detach_in_place(torch):
    x = leaf(torch, 3)
    y = x * 2
    v = y[:2]
    return y.detach_() is y, y, v, attempt(v.detach_)


@program
def data_has_versions_of_its_own(torch):
    x = leaf(torch, 3)
    y = x * x
    x.data.mul_(2)
    version = x._version
    y.sum().backward()
    return version, x, y.data, x.view(3).data


@program
def data_may_be_replaced(torch):
    x = leaf(torch, 3)
    y = (x * x).sum()
    x.data = numbers(torch, 3) * 10
    y.backward()
    return x, attempt(lambda: setattr(x, "data", 3)), attempt(lambda: setattr(x, "data", torch.tensor([1])))


@program
def requires_grad_of_what_is_no_leaf(torch):
    y = leaf(torch, 3) * 2
    return [
        attempt(lambda: y.requires_grad_(False)),
        attempt(lambda: setattr(y, "requires_grad", False)),
        attempt(lambda: setattr(y, "requires_grad", True)),
        y.requires_grad_() is y,
        attempt(lambda: torch.tensor([1]).requires_grad_()),
        attempt(lambda: torch.tensor([1], requires_grad=True)),
    ]


@program
def another_memory(torch):
    y, source = leaf(torch, 3) * 2, numbers(torch, 2)
    same = y.set_(source) is y
    source.mul_(5)
    x, v = leaf(torch, 3), numbers(torch, 3)[1:]
    refused = attempt(lambda: x.set_(source))
    with torch.no_grad():
        x.set_(torch.ones(2))
    return [
        (same, y, source, attempt(y.sum().backward)),
        (refused, x),
        v.set_(torch.zeros(4)),
        torch.ones(3).set_(),
        attempt(lambda: torch.ones(3).set_(torch.ones(2, dtype=torch.float64))),
    ]


# --- retain_grad ---


@program
def a_retained_gradient_follows_a_write(torch):
    x = leaf(torch, 3)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    z = x * 1
    z.retain_grad()
    z[0] = 5
    v = z[1:]
    v.retain_grad()
    z.mul_(2)
    (y * y + z).sum().backward()
    return x, y.grad, z.grad, y.retains_grad, v.retains_grad


test_program = program.test()


# --- beyond PyTorch ---


def test_the_error_says_what_was_written_in_place():
    y = leaf(adjoint, 3) * 1
    z = y * y
    y[1:].mul_(3)
    with adjoint.no_grad():
        y.add_(1)
    with pytest.raises(
        RuntimeError, match=r"\nMulBackward0 saved it .* written by Mul to a view, add_\. Write out of place"
    ):
        z.sum().backward()


def test_partly_overlapping_operands_are_read_before_they_are_written():
    x = numbers(adjoint, 4)
    x[1:].add_(x[:-1])
    assert x.tolist() == [1, 3, 5, 7]


def test_a_stale_view_is_of_its_own_class():
    y = leaf(adjoint, 3) * 1
    v = y[1:]
    y.mul_(2)
    assert v.__class__ is adjoint.Tensor
    assert isinstance(v, adjoint.Tensor)
    assert v.grad_fn.name() == "AsStridedBackward0"
    assert type(v) is adjoint.Tensor
