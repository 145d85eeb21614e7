"""`backward`, `autograd.grad` and `.grad`, with all their arguments: what they give, refuse, warn of, and share.

Each program is run on Adjoint and compared with what was recorded from PyTorch; see tests/differential.py.
"""

import warnings

import pytest

import adjoint
from adjoint.autograd import entry
from tests.differential import Programs, attempt, gradients

program = Programs("entry_points")


def grad(torch, *args, **options):
    return gradients(torch.autograd.grad(*args, **options))


def leaf(torch, *values, **options):
    return torch.tensor(list(values) or [1.0, 2.0, 3.0], requires_grad=True, **options)


def where_from(tensors, **known):
    """For each tensor, the name of the known one that it is, and of those that it shares memory with."""
    return [
        [
            [name for name, each in known.items() if each is tensor],
            sorted(name for name, each in known.items() if each.data_ptr() == tensor.data_ptr()),
        ]
        for tensor in tensors
    ]


# --- roots and their cotangents ---


@program
def a_scalar_root_needs_no_cotangent(torch):
    x = leaf(torch)
    (x * x).sum().backward()
    return x


@program
def a_root_with_one_element_needs_none(torch):
    x = leaf(torch, 2.0)
    (x * 2).backward()
    return x


@program
def a_vector_needs_a_cotangent(torch):
    x = leaf(torch)
    return attempt(x.backward), attempt((x * 2).backward), attempt(lambda: grad(torch, x * 2, x))


@program
def an_empty_root_needs_a_cotangent(torch):
    x = torch.zeros(0, requires_grad=True)
    return attempt((x * 2).backward), attempt(lambda: (x * 2).backward(torch.zeros(0))), x


@program
def a_cotangent_for_a_vector(torch):
    x = leaf(torch)
    (x * x).backward(torch.tensor([1.0, 10.0, 100.0]))
    return x


@program
def several_roots(torch):
    x = leaf(torch)
    torch.autograd.backward([x.sum(), x * x], [None, torch.ones(3)])
    return x


@program
def several_roots_of_grad(torch):
    x = leaf(torch)
    return grad(torch, [x.sum(), x * x], x, [torch.tensor(2.0), torch.ones(3)])


@program
def a_root_twice(torch):
    x = leaf(torch)
    y = x.sum()
    return grad(torch, [y, y], x), grad(torch, [x.sum(), x.sum()], x)


@program
def roots_from_a_generator(torch):
    x = leaf(torch)
    return grad(torch, (y for y in [x.sum()]), (each for each in [x]))


@program
def no_roots(torch):
    x = leaf(torch)
    return (
        torch.autograd.backward([]),
        grad(torch, [], [x], allow_unused=True),
        attempt(lambda: grad(torch, [], [x])),
    )


@program
def a_root_that_depends_on_another(torch):
    x = leaf(torch)
    y = x * x
    z = y.sum()
    torch.autograd.backward([z, y], [torch.tensor(1.0), torch.ones(3)])
    return x


@program
def a_leaf_as_root(torch):
    x = leaf(torch)
    x.backward(torch.tensor([1.0, 2.0, 3.0]))
    x.backward(torch.tensor([1.0, 2.0, 3.0]))
    return x


@program
def roots_without_history(torch):
    return [
        attempt(torch.ones(()).backward),
        attempt(torch.ones(3).backward),
        attempt(lambda: torch.ones(3).backward(torch.ones(3))),
        attempt(lambda: torch.autograd.backward([leaf(torch).sum(), torch.ones(())])),
        attempt(torch.tensor(1).backward),
        attempt(torch.tensor(True).backward),
        attempt(lambda: grad(torch, torch.tensor(1), leaf(torch))),
    ]


@program
def a_comparison_is_no_root(torch):
    return attempt((leaf(torch).sum() > 1).backward)


@program
def things_that_are_no_tensors(torch):
    x = leaf(torch)
    return [
        attempt(lambda: torch.autograd.backward(3)),
        attempt(lambda: torch.autograd.backward([3])),
        attempt(lambda: grad(torch, [3], [x])),
        attempt(lambda: grad(torch, None, x)),
        attempt(lambda: grad(torch, x.sum(), [3])),
        attempt(lambda: x.sum().backward(inputs=[3])),
        attempt(lambda: x.backward(3.0)),
        attempt(lambda: x.backward([1.0, 1.0, 1.0])),
    ]


@program
def a_cotangent_of_another_shape(torch):
    x = leaf(torch)
    return [
        attempt(lambda: x.backward(torch.ones(2))),
        attempt(lambda: x.backward(torch.ones(1))),
        attempt(lambda: x.sum().backward(torch.ones(1))),
        attempt(lambda: (x * 2).view(1, 3).backward(torch.ones(3))),
    ]


@program
def more_roots_than_cotangents(torch):
    x = leaf(torch)
    one = torch.ones(())
    return [
        attempt(lambda: torch.autograd.backward([x.sum(), x.sum()], [one])),
        attempt(lambda: torch.autograd.backward([x.sum(), x.sum()], one)),
        attempt(lambda: grad(torch, [x.sum(), x.sum()], x, [one])),
        grad(torch, [x.sum()], x, [None, None]),
    ]


@program
def cotangents_of_other_types(torch):
    found = []
    for dtype in (torch.bool, torch.int64, torch.float64, torch.float16):
        x = leaf(torch)
        (x * 2).backward(torch.ones(3, dtype=dtype))
        found.append(gradients(x.grad))
    return found


@program
def a_cotangent_with_a_history(torch):
    x, w = leaf(torch), leaf(torch)
    plain = torch.autograd.grad(x * x, x, w)
    (recorded,) = grad(torch, x * x, x, w, create_graph=True)
    return gradients(plain), recorded.detach(), recorded.requires_grad, grad(torch, recorded.sum(), [x, w])


# --- complex numbers: the gradient is the conjugate of Wirtinger's derivative, times two ---


@program
def a_complex_scalar_is_no_root(torch):
    return attempt((torch.tensor(1j, requires_grad=True) * 2).backward)


@program
def a_complex_root_with_its_cotangent(torch):
    z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * z).backward(torch.tensor([1 + 0j, 1j]))
    return z


@program
def a_real_function_of_complex_numbers(torch):
    z = torch.tensor([1 + 2j, 3 - 1j], requires_grad=True)
    (z * z.conj()).real.sum().backward()
    return z


@program
def real_numbers_through_complex_ones(torch):
    x, z = leaf(torch), torch.tensor([1j, 2, 1 + 1j], requires_grad=True)
    (x * z * z).imag.sum().backward()
    return x, z


@program
def cotangents_are_complex_where_roots_are(torch):
    x, z = leaf(torch), torch.tensor([1j, 2], requires_grad=True)
    return [
        attempt(lambda: x.backward(torch.ones(3, dtype=torch.complex64))),
        attempt(lambda: grad(torch, x * 2, x, torch.ones(3, dtype=torch.complex64))),
        attempt(lambda: (z * 2).backward(torch.ones(2))),
        attempt(lambda: grad(torch, z * 2, z, torch.ones(2))),
        grad(torch, z * 2, z, torch.ones(2, dtype=torch.complex128)),
    ]


# --- inputs ---


@program
def inputs_of_backward(torch):
    x, y = leaf(torch), leaf(torch)
    (x * y).sum().backward(inputs=[x])
    (x * y).sum().backward(inputs=x)
    (x * y).sum().backward(inputs=(x,))
    (x * y).sum().backward(inputs={"x": x})
    return x, y


@program
def inputs_that_are_no_leaves(torch):
    x = leaf(torch)
    y = x * 2
    (y * y).sum().backward(inputs=[y])
    (y * y).sum().backward(inputs=[y, x])
    return x, y, gradients(y.grad)


@program
def inputs_that_are_not_used(torch):
    x, y = leaf(torch), leaf(torch)
    x.sum().backward(inputs=[y])
    return x, y


@program
def an_input_twice(torch):
    x = leaf(torch)
    (x * x).sum().backward(inputs=[x, x])
    a, b = torch.autograd.grad((x * x).sum(), [x, x])
    return x, a is b, gradients(a)


@program
def no_inputs(torch):
    x = leaf(torch)
    return attempt(lambda: x.sum().backward(inputs=[])), attempt(lambda: grad(torch, x.sum(), []))


@program
def inputs_without_history(torch):
    x = leaf(torch)
    return [
        attempt(lambda: grad(torch, x.sum(), torch.ones(3))),
        attempt(lambda: grad(torch, x.sum(), torch.tensor(1))),
        attempt(lambda: x.sum().backward(inputs=[torch.ones(3)])),
    ]


@program
def a_dict_of_inputs(torch):
    x, y = leaf(torch), leaf(torch)
    return grad(torch, (x * y).sum(), {"x": x, "y": y})


@program
def an_output_as_input(torch):
    x = leaf(torch)
    y = x * 2
    z = y.sum()
    return grad(torch, z, [z, y, x])


@program
def an_input_between_two_others(torch):
    x = leaf(torch)
    y = x * 2
    z = (y * y).sum()
    return grad(torch, z, [x, y])


@program
def a_view_made_after_the_use_is_not_used(torch):
    x = leaf(torch)
    y = x.sum()
    return attempt(lambda: grad(torch, y, x.view(3))), attempt(lambda: grad(torch, y, x[0]))


@program
def unused_inputs(torch):
    x, y = leaf(torch), leaf(torch)

    def with_options(**options):
        return attempt(lambda: grad(torch, x.sum(), [x, y], **options))

    return [
        with_options(),
        with_options(allow_unused=False),
        with_options(allow_unused=True),
        with_options(materialize_grads=True),
        with_options(materialize_grads=True, allow_unused=True),
        with_options(materialize_grads=True, allow_unused=False),
        with_options(materialize_grads=True, create_graph=True),
    ]


@program
def unused_complex_inputs_get_complex_zeros(torch):
    z = torch.tensor([1j], requires_grad=True)
    return grad(torch, leaf(torch).sum(), z, materialize_grads=True)


@program
def a_result_that_is_no_view_of_the_graph(torch):
    x, y = leaf(torch), leaf(torch)
    with torch.no_grad():
        v = x.view(3)
    return attempt(lambda: grad(torch, x.sum(), v)), attempt(lambda: v.backward(torch.ones(3))), v, y


# --- batches of cotangents ---


@program
def batched_cotangents(torch):
    x = leaf(torch)
    y = x * x
    return grad(torch, y, x, torch.eye(3), is_grads_batched=True)


@program
def batched_cotangents_of_another_shape(torch):
    x = leaf(torch)
    error = attempt(lambda: grad(torch, x * x, x, torch.ones(2, 2), is_grads_batched=True))
    return error.partition("grad_output[0]")[0]  # PyTorch then names a shape that it took the first size off twice


# --- keeping the graph ---


@program
def a_second_pass(torch):
    def twice(make, **options):
        x = leaf(torch)
        y = make(x)
        y.backward(**options)
        return attempt(y.backward), gradients(x.grad)

    return [
        twice(lambda x: (x * x).sum()),
        twice(lambda x: (x * x).sum(), retain_graph=True),
        twice(lambda x: (x * x).sum(), create_graph=True)[0],
        twice(lambda x: (x * x).sum(), create_graph=True, retain_graph=False)[0],
        twice(lambda x: x.sum()),  # nothing is saved: nothing is missing
        twice(lambda x: (x * 2).sum()),
        twice(lambda x: x.view(3, 1).sum()),
        twice(lambda x: x.exp().sum()),
        twice(lambda x: (x + 1).sum()),
    ]


@program
def a_second_pass_through_a_part(torch):
    x = leaf(torch)
    y = x * x
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    return x, attempt(lambda: y.sum().backward())


@program
def a_pass_to_some_inputs_frees_only_their_part(torch):
    x, y = leaf(torch), leaf(torch)
    a, b = x * x, y * y
    z = (a + b).sum()
    grad(torch, z, x)
    return attempt(lambda: b.sum().backward()), y, attempt(lambda: a.sum().backward())


@program
def derivatives_of_derivatives(torch):
    x = leaf(torch)
    (first,) = grad(torch, (x**4).sum(), x, create_graph=True)
    (second,) = grad(torch, first.sum(), x, create_graph=True)
    (third,) = grad(torch, second.sum(), x)
    return first.detach(), second.detach(), third, first.requires_grad, third.requires_grad


@program
def derivatives_of_a_freed_graph(torch):
    x = leaf(torch)
    (first,) = grad(torch, (x**3).sum(), x, create_graph=True)
    grad(torch, first.sum(), x)
    return attempt(lambda: grad(torch, first.sum(), x))


@program
def create_graph_inside_no_grad(torch):
    x = leaf(torch)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward(create_graph=True)
    return x.grad.detach().tolist(), x.grad.grad_fn.name()


@program
def a_pass_inside_no_grad(torch):
    x = leaf(torch)
    y = (x * x).sum()
    with torch.no_grad():
        y.backward()
    return x


# --- how gradients add up ---


@program
def the_second_gradient_is_added_in_place(torch):
    x = leaf(torch)
    (x * 2).sum().backward()
    first = x.grad
    (x * x).sum().backward()
    return first is x.grad, gradients(first)


@program
def with_create_graph_the_sum_is_a_new_tensor(torch):
    x = leaf(torch)
    (x * 2).sum().backward()
    first = x.grad
    (x * x).sum().backward(create_graph=True)
    return first is x.grad, gradients([first, x.grad])


@program
def a_gradient_with_history_is_added_to_in_place(torch):
    x = leaf(torch)
    (x * x * x).sum().backward(create_graph=True)
    first, version = x.grad, x.grad._version
    (x * 2).sum().backward()
    return first is x.grad, gradients(x.grad), x.grad.grad_fn.name(), first._version - version


@program
def gradients_do_not_share_memory(torch):
    x, y = leaf(torch), leaf(torch)
    g = torch.ones(3)
    (x + y).backward(g)
    first = where_from([x.grad, y.grad], g=g, x=x.grad, y=y.grad)
    z = leaf(torch)
    z.backward(g, create_graph=True)
    return first, where_from([z.grad], g=g)


@program
def what_grad_returns_may_be_what_was_given(torch):
    x, y = leaf(torch), leaf(torch)
    g = torch.ones(3)
    through = torch.autograd.grad(x, x, g)
    z = x * 2
    return [
        where_from(through, g=g),
        where_from(torch.autograd.grad(z, z, g), g=g),
        where_from(torch.autograd.grad(x + y, [x, y], g), g=g),
    ]


@program
def grad_leaves_the_leaves_alone(torch):
    x = leaf(torch)
    grad(torch, (x * x).sum(), x)
    return x


@program
def gradients_of_a_broadcast(torch):
    x, y = leaf(torch, 2.0), leaf(torch)
    (x * y).sum().backward()
    return x, y


@program
def gradients_have_the_type_of_their_leaf(torch):
    x, y = leaf(torch), leaf(torch, dtype=torch.float64)
    (x * y).sum().backward()
    return x, y


# --- `.grad` ---


@program
def what_may_be_assigned_to_grad(torch):
    def assigned(x, value):
        x.grad = value
        return x.grad

    x = leaf(torch)
    return [
        attempt(lambda: assigned(leaf(torch), torch.ones(2))),
        attempt(lambda: assigned(leaf(torch), torch.ones(3, dtype=torch.float64))),
        attempt(lambda: assigned(leaf(torch), torch.ones(3, dtype=torch.int64))),
        attempt(lambda: assigned(leaf(torch), 3)),
        attempt(lambda: assigned(x, x)),
        attempt(lambda: assigned(leaf(torch), None)),
        attempt(lambda: assigned(torch.ones(3), torch.ones(3))),
        attempt(lambda: assigned(torch.tensor([1]), torch.tensor([1]))),
        attempt(lambda: assigned(leaf(torch) * 2, torch.ones(3))),
    ]


@program
def an_assigned_gradient_is_added_to(torch):
    x = leaf(torch)
    g = torch.ones(3)
    x.grad = g
    x.sum().backward()
    return x.grad is g, g


@program
def an_assigned_view_is_written_through(torch):
    x = leaf(torch)
    whole = torch.ones(4)
    x.grad = whole[1:]
    x.sum().backward()
    return whole, x.grad


@program
def an_assigned_expansion_cannot_be_added_to(torch):
    x = leaf(torch)
    x.grad = torch.ones(1).expand(3)
    return attempt(x.sum().backward)


@program
def an_assigned_leaf_is_added_to(torch):
    x, g = leaf(torch), leaf(torch)
    x.grad = g
    x.sum().backward()
    return g, x.grad is g


@program
def a_deleted_gradient(torch):
    x = leaf(torch)
    x.sum().backward()
    del x.grad
    return x.grad


@program
def zeroing_a_gradient_in_place(torch):
    x = leaf(torch)
    x.sum().backward()
    held = x.grad
    x.grad.zero_()
    x.sum().backward()
    return held is x.grad, gradients(held)


@program
def the_gradient_of_what_is_no_leaf(torch):
    x = leaf(torch)
    y = x * 2
    y.sum().backward(retain_graph=True)
    before = y.grad  # with a warning
    y.retain_grad()
    y.sum().backward()
    return before, gradients(y.grad), x


# --- old arguments ---


@program
def grad_variables(torch):
    x = leaf(torch)
    torch.autograd.backward(x, grad_variables=torch.ones(3))
    return x


@program
def grad_variables_and_grad_tensors(torch):
    return torch.autograd.backward(leaf(torch), torch.ones(3), grad_variables=torch.ones(3))


@program
def only_inputs(torch):
    x = leaf(torch)
    return grad(torch, x.sum(), x, only_inputs=False)


test_program = program.test()


def test_create_graph_warns_once_of_the_cycle(monkeypatch):
    monkeypatch.setattr(entry, "_warned_of_cycle", False)
    x = leaf(adjoint)
    with pytest.warns(UserWarning, match="will create a reference cycle between the parameter and its gradient"):
        (x * x).sum().backward(create_graph=True)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (x * x).sum().backward(create_graph=True)
