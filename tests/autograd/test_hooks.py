"""Hooks on tensors, leaves, nodes and saved tensors, and the graph as programs see it."""

import gc
import math
import re
import weakref

import pytest

import adjoint


def ones(torch, *shape, **options):
    return torch.ones(*(shape or (2,)), requires_grad=True, **options)


def noting(log, name):
    """A hook that notes its name and what it got."""

    def plain(value):
        if isinstance(value, (tuple, list)):
            return type(value)(plain(each) for each in value)
        return value if value is None else value.tolist()

    return lambda *values: log.append((name, *(plain(value) for value in values)))


def drop(torch):
    """A Function through which no gradient flows back."""

    class Drop(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, grad):
            return None

    return Drop.apply


# --- tensors -----------------------------------------------------------------------------------------------------


def test_hooks_see_and_replace_gradients_in_the_order_of_registration(torch):
    x = ones(torch)
    y = x * 2
    log = []
    y.register_hook(noting(log, "first"))
    y.register_hook(lambda gradient: gradient * 10)
    y.register_hook(noting(log, "last"))
    x.register_hook(lambda gradient: gradient + 1)
    (y * 3).sum().backward()
    assert log == [("first", [3.0, 3.0]), ("last", [30.0, 30.0])]
    assert x.grad.tolist() == [61.0, 61.0]


def test_the_order_of_all_hooks(torch):
    log = []
    w, v = ones(torch), ones(torch)
    a = w * 2
    b = a.sin()
    c = v * b
    d = c * w
    for name, tensor in {"w": w, "v": v, "a": a, "b": b, "c": c, "d": d}.items():
        tensor.register_hook(lambda gradient, name=name: log.append(name))
    a.grad_fn.register_prehook(lambda gradients: log.append("before a"))
    a.grad_fn.register_hook(lambda inputs, outputs: log.append("after a"))
    v.register_post_accumulate_grad_hook(lambda leaf: log.append(("v accumulated", leaf.grad is not None)))
    d.sum().backward()
    # the hooks of v come as soon as nothing more can reach it; those of w wait for its second gradient
    assert log == ["d", "c", "v", ("v accumulated", True), "b", "a", "before a", "after a", "w"]


def test_hooks_of_a_leaf_and_of_its_accumulator(torch):
    log = []
    x = ones(torch)
    y = (x * 2).sum()
    accumulator = y.grad_fn.next_functions[0][0].next_functions[0][0]
    accumulator.register_hook(noting(log, "after"))
    accumulator.register_prehook(noting(log, "before"))
    x.register_post_accumulate_grad_hook(lambda leaf: log.append(("accumulated", leaf.grad.tolist())))
    x.register_hook(noting(log, "gradient"))
    del accumulator  # the graph holds it
    y.backward()
    two = [2.0, 2.0]
    assert log == [("gradient", two), ("before", (two,)), ("accumulated", two), ("after", (), (two,))]


def test_hooks_of_an_accumulator_that_nobody_holds_are_lost(torch):
    x = ones(torch)
    (x * 2).grad_fn.next_functions[0][0].register_prehook(lambda gradients: (gradients[0] * 10,))
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_hooks_where_no_gradient_arrives(torch):
    log = []
    x = ones(torch)
    y = x.sin()
    x.register_hook(noting(log, "x"))
    x.register_post_accumulate_grad_hook(lambda leaf: log.append(("accumulated", leaf.grad)))
    y.register_hook(noting(log, "y"))
    y.grad_fn.register_prehook(noting(log, "before"))
    y.grad_fn.register_hook(noting(log, "after"))
    drop(torch)(y).sum().backward()
    expected = [("y", None), ("before", (None,)), ("after", (None,), (None,)), ("x", None), ("accumulated", None)]
    assert log == expected


def test_hooks_on_one_of_several_outputs(torch):
    log = []
    x = ones(torch)
    a, b = x.unbind()
    a.register_hook(noting(log, "a"))
    b.register_hook(noting(log, "b"))
    a.grad_fn.register_prehook(noting(log, "before"))
    a.grad_fn.register_hook(noting(log, "after"))
    a.retain_grad()
    b.retain_grad()
    b.backward()
    assert log == [("a", None), ("b", 1.0), ("before", (None, 1.0)), ("after", ([0.0, 1.0],), (None, 1.0))]
    assert (a.grad, b.grad.item()) == (None, 1.0)


@pytest.mark.parametrize("on", ["x", "y"])
@pytest.mark.parametrize(
    ("hook", "error", "message"),
    [
        (lambda gradient: 3, TypeError, "expected Variable, but hook returned 'int'"),
        (
            lambda gradient: gradient.double(),
            RuntimeError,
            r"hook '<lambda>' has changed the type of value \(was torch.FloatTensor got torch.DoubleTensor\)",
        ),
        (lambda gradient: gradient[:1], RuntimeError, "hook '<lambda>' has changed the size of value"),
        (lambda gradient: 1 / 0, ZeroDivisionError, "division by zero"),
    ],
)
def test_what_a_tensor_hook_must_not_do(torch, on, hook, error, message):
    x = ones(torch)
    y = x * 2
    {"x": x, "y": y}[on].register_hook(hook)
    with pytest.raises(error, match=message):
        y.sum().backward()
    assert torch.is_grad_enabled()


@pytest.mark.parametrize(
    ("method", "hook", "error", "message"),
    [
        ("register_hook", lambda i, o: i[0], TypeError, "expected tuple, but hook returned 'Tensor'"),
        ("register_hook", lambda i, o: (i[0],), RuntimeError, r"incorrect number of values \(got 1, but expected 2\)"),
        (
            "register_hook",
            lambda i, o: (i[0], i[0]),
            RuntimeError,
            "can't replace a None gradient with a non-None value",
        ),
        ("register_prehook", lambda o: 3, TypeError, "expected tuple, but hook returned 'int'"),
        ("register_prehook", lambda o: (o[0], None), RuntimeError, r"number of values \(got 2, but expected 1\)"),
        ("register_prehook", lambda o: (o[0][:1],), RuntimeError, "has changed the size of value"),
    ],
)
def test_what_a_node_hook_must_not_do(torch, method, hook, error, message):
    y = ones(torch) * 2
    getattr(y.grad_fn, method)(hook)
    with pytest.raises(error, match=message):
        y.sum().backward()


def test_node_hooks_replace_gradients(torch):
    x = ones(torch)
    y = x * 2
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 3,))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 5, None))
    y.sum().backward()
    assert x.grad.tolist() == [30.0, 30.0]
    x.grad = None
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: (None, None))
    y.sum().backward()
    assert x.grad is None


@pytest.mark.parametrize(
    ("make", "method", "message"),
    [
        (lambda x: x.detach(), "register_hook", "cannot register a hook on a tensor that doesn't require gradient"),
        (lambda x: x.detach(), "register_post_accumulate_grad_hook", "cannot register a hook on a tensor"),
        (lambda x: x * 2, "register_post_accumulate_grad_hook", "hooks cannot be registered on non-leaf tensors"),
    ],
)
def test_where_no_hook_can_be(torch, make, method, message):
    with pytest.raises(RuntimeError, match=message):
        getattr(make(ones(torch)), method)(print)


def test_hooks_belong_to_the_value_that_they_were_put_on(torch):
    log = []
    x = ones(torch)
    y = x * 2
    y.register_hook(noting(log, "before the write"))
    y.mul_(3)
    y.register_hook(noting(log, "after it"))
    y.sum().backward()
    assert log == [("after it", [1.0, 1.0]), ("before the write", [3.0, 3.0])]


def test_a_gradient_that_a_hook_keeps_is_not_that_of_the_leaf(torch):
    kept = []
    x = ones(torch)
    x.register_hook(kept.append)
    (x * 2).sum().backward()
    kept[0].mul_(100)
    assert x.grad.tolist() == [2.0, 2.0]


def test_a_hook_may_write_to_its_gradient(torch):
    def double(gradient):
        gradient.mul_(2)

    x = ones(torch)
    x.register_hook(double)
    (x * 2).sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]


def test_hooks_record_only_in_a_recorded_pass(torch):
    seen = []
    x = ones(torch)
    x.register_hook(lambda gradient: seen.append((torch.is_grad_enabled(), gradient.requires_grad)))
    torch.autograd.grad(x.sin().sum(), x)
    torch.autograd.grad(x.sin().sum(), x, create_graph=True)
    y = x.sin().sum()
    with torch.no_grad():
        torch.autograd.grad(y, x, create_graph=True)
    assert seen == [(False, False), (True, True), (True, True)]


def test_a_hook_that_computes_is_differentiated_in_a_recorded_pass(torch):
    x = torch.tensor(3.0, requires_grad=True)
    y = x * x
    y.register_hook(lambda gradient: gradient * x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)  # 2 x^2
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (18.0, 12.0)


def test_backward_inside_a_hook(torch):
    x, w = ones(torch), ones(torch)
    w.register_hook(lambda gradient: gradient * 100)

    def inner(gradient):
        with torch.enable_grad():
            (w * gradient.detach()).sum().backward()

    x.register_hook(inner)
    (x * 5).sum().backward()
    assert (x.grad.tolist(), w.grad.tolist()) == ([5.0, 5.0], [500.0, 500.0])


def test_hooks_and_captured_gradients(torch):
    x = ones(torch)
    y = x * 2
    y.register_hook(lambda gradient: gradient * 10)
    x.register_post_accumulate_grad_hook(lambda leaf: pytest.fail("nothing is accumulated"))
    y.retain_grad()
    z = (y * 3).sum()
    (alone,) = torch.autograd.grad(z, y, retain_graph=True)
    assert alone.tolist() == [30.0, 30.0]
    before, after = torch.autograd.grad(z, (y, x), retain_graph=True)
    assert (before.tolist(), after.tolist()) == ([3.0, 3.0], [60.0, 60.0])
    assert y.grad.tolist() == [60.0, 60.0]


def test_hooks_beside_the_way_to_the_inputs(torch):
    log = []
    x, v = ones(torch), ones(torch)
    y, w = x * 2, v * 2
    for name, tensor in {"v": v, "w": w}.items():
        tensor.register_hook(lambda gradient, name=name: log.append(name))
    w.grad_fn.register_prehook(lambda gradients: log.append("before w"))
    z = (y * w).sum()
    torch.autograd.grad(z, x, retain_graph=True)
    assert log == []
    one = torch.ones(2)
    for root in (v, w):  # the hooks of a pass's only root see its gradient in any case
        torch.autograd.grad(root, x, one, allow_unused=True, retain_graph=True)
    assert log == ["v", "w"]
    torch.autograd.grad([w, y], x, [one, one], retain_graph=True)
    torch.autograd.grad([v, y], x, [one, one], retain_graph=True)
    assert log == ["v", "w"]


def test_backward_to_some_inputs_calls_their_hooks_only(torch):
    log = []
    x, w = ones(torch), ones(torch)
    y = x * 2
    y.register_hook(lambda gradient: gradient * 10)
    x.register_post_accumulate_grad_hook(lambda leaf: log.append("x"))
    w.register_hook(lambda gradient: log.append("w"))
    z = (y * w).sum()
    z.backward(inputs=[y], retain_graph=True)
    assert (y.grad.tolist(), y.retains_grad, x.grad, w.grad, log) == ([10.0, 10.0], True, None, None, [])
    z.backward(inputs=[x, y])
    assert (y.grad.tolist(), x.grad.tolist(), w.grad, log) == ([20.0, 20.0], [20.0, 20.0], None, ["x"])


# --- retain_grad -------------------------------------------------------------------------------------------------


def test_retain_grad(torch):
    x = ones(torch)
    y = x * 2
    assert not y.retains_grad
    y.register_hook(lambda gradient: gradient * 7)  # comes first, whenever it was registered
    y.retain_grad()
    y.retain_grad()
    z = y.sum()
    z.backward(retain_graph=True)
    assert (y.retains_grad, y.grad.tolist()) == (True, [7.0, 7.0])
    z.backward()
    assert (y.grad.tolist(), x.grad.tolist()) == ([14.0, 14.0], [28.0, 28.0])
    x.retain_grad()
    assert not x.retains_grad
    with pytest.raises(RuntimeError, match="can't retain_grad on Tensor that has requires_grad=False"):
        x.detach().retain_grad()


def test_retain_grad_follows_a_write_in_place(torch):
    x = ones(torch)
    y = x * 2
    y.retain_grad()
    y.mul_(3)
    y.sum().backward()
    assert (y.retains_grad, y.grad.tolist(), x.grad.tolist()) == (True, [1.0, 1.0], [6.0, 6.0])


# --- handles -----------------------------------------------------------------------------------------------------


def test_handles(torch):
    x = ones(torch)
    first = x.register_hook(lambda gradient: gradient * 2)
    second = x.register_hook(lambda gradient: gradient * 3)
    assert isinstance(first, torch.utils.hooks.RemovableHandle)
    assert list(x._backward_hooks) == [first.id, second.id]
    with x.register_hook(lambda gradient: gradient * 7):
        pass
    first.remove()
    first.remove()
    x.sum().backward()
    assert x.grad.tolist() == [3.0, 3.0]


def test_warn_if_has_hooks(torch):
    x = ones(torch)
    torch.utils.hooks.warn_if_has_hooks(x)
    x.register_hook(torch.utils.hooks.unserializable_hook(lambda gradient: None))
    torch.utils.hooks.warn_if_has_hooks(x)
    x.register_hook(noting([], "x"))
    with pytest.warns(UserWarning, match="on tensor will not be serialized"):
        torch.utils.hooks.warn_if_has_hooks(x)


# --- the graph ---------------------------------------------------------------------------------------------------


def test_nodes(torch):
    x = ones(torch)
    y = x * 2
    node = y.grad_fn
    assert node is y.grad_fn
    assert node.name() == "MulBackward0"
    assert isinstance(node, torch.autograd.graph.Node)
    accumulator, output = node.next_functions[0]
    assert (accumulator.name(), output, accumulator.next_functions) == ("torch::autograd::AccumulateGrad", 0, ())
    assert accumulator.variable is x
    assert isinstance(accumulator, torch.autograd.graph.Node)
    assert (x + 1).grad_fn.next_functions[0][0] is accumulator
    assert node.next_functions[1] == (None, 0)
    node.metadata["seen"] = 3
    assert y.grad_fn.metadata == {"seen": 3}
    assert re.fullmatch("<AccumulateGrad object at 0x[0-9a-f]+>", repr(accumulator))
    a, b = y.unbind()
    assert [each.grad_fn.next_functions for each in (a, b)] == [((node, 0),)] * 2
    assert (a * b).grad_fn.next_functions == ((a.grad_fn, 0), (a.grad_fn, 1))


@pytest.mark.parametrize(
    "make",
    [
        lambda torch, x: x**2, lambda torch, x: x**x, lambda torch, x: 2**x, lambda torch, x: torch.where(x > 0, x, x),
        lambda torch, x: torch.cat([x, x]), lambda torch, x: x.sum(), lambda torch, x: x / 2, lambda torch, x: x @ x,
    ],
)  # fmt: skip
def test_one_next_function_for_each_operand_that_can_have_a_gradient(make):
    torch = pytest.importorskip("torch")
    counts = [len(make(library, ones(library)).grad_fn.next_functions) for library in (adjoint, torch)]
    assert counts[0] == counts[1]


def test_a_node_can_be_called(torch):
    x = torch.tensor(2.0, requires_grad=True)
    assert (x * x).grad_fn(torch.tensor(10.0))[0].item() == 20.0
    assert x.exp().grad_fn(torch.tensor(1.0)).item() == pytest.approx(7.3890561)


def test_saved_values(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    other = torch.tensor([3.0, 4.0])
    product = x * x
    assert product.grad_fn._saved_self is x
    result = x.exp()
    assert result.grad_fn._saved_result.tolist() == result.tolist()
    assert result.grad_fn._saved_result.grad_fn is result.grad_fn
    assert (other * x).grad_fn._saved_other is None
    assert (other * x).grad_fn._saved_self.tolist() == [3.0, 4.0]
    assert (x**3).grad_fn._saved_exponent == 3
    assert x.sum(0, keepdim=True).grad_fn._saved_dim == (0,)
    assert x.sum(0, keepdim=True).grad_fn._saved_keepdim is True
    assert torch.where(x > 1, x, x).grad_fn._saved_condition.tolist() == [False, True]
    assert {"_saved_self", "_saved_other", "_raw_saved_self"} <= set(dir(product.grad_fn))
    with pytest.raises(AttributeError, match="'MulBackward0' object has no attribute '_saved_nothing'"):
        _ = product.grad_fn._saved_nothing
    product.sum().backward()
    with pytest.raises(RuntimeError, match="Trying to backward through the graph a second time"):
        _ = product.grad_fn._saved_self


def test_a_saved_value_that_was_written_to(torch):
    x = ones(torch) * 1
    y = x * x
    x.add_(1)
    with pytest.raises(RuntimeError, match=r"which is output 0 of Add, is at version 1; expected version 0 instead"):
        _ = y.grad_fn._saved_self


def test_what_saved_no_tensor_can_run_twice(torch):
    x = ones(torch)
    y = (x + 1).view(2, 1).sum()
    y.backward()
    y.backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_gradient_edges(torch):
    graph = torch.autograd.graph
    x = ones(torch)
    y = x * 2
    edge, leaf = graph.get_gradient_edge(y), graph.get_gradient_edge(x)
    assert edge._fields == ("node", "output_nr", "ownership_token")
    assert (edge.node, edge.output_nr) == (y.grad_fn, 0)
    assert leaf.node.variable is x
    z = (y * y).sum()
    assert torch.autograd.grad(z, edge, retain_graph=True)[0].tolist() == [4.0, 4.0]
    assert torch.autograd.grad(z, [leaf], retain_graph=True)[0].tolist() == [8.0, 8.0]
    z.backward(inputs=leaf, retain_graph=True)
    assert x.grad.tolist() == [8.0, 8.0]
    del y, z
    (gradient,) = torch.autograd.grad(edge, x, grad_outputs=torch.ones(2), retain_graph=True)
    assert gradient.tolist() == [2.0, 2.0]
    with pytest.raises(RuntimeError, match="grad can be implicitly created only for scalar outputs"):
        torch.autograd.grad(edge, x)
    with pytest.raises(RuntimeError, match="not possible to get the gradient edge for a Tensor that does not require"):
        graph.get_gradient_edge(torch.ones(2))


def test_increment_version(torch):
    x, y = torch.ones(2), torch.ones(2)
    torch.autograd.graph.increment_version(x)
    torch.autograd.graph.increment_version([x, y])
    assert (x._version, y._version) == (2, 1)
    with pytest.raises(RuntimeError, match=r"increment_version expect a Iterable\[Tensor\] as input"):
        torch.autograd.graph.increment_version(3)


def test_a_graph_with_hooks_is_freed_by_reference_count():
    gc.collect()
    gc.disable()
    try:
        x = adjoint.ones(2, requires_grad=True)
        y = x * 2
        y.retain_grad()
        y.register_hook(lambda gradient: None)
        y.grad_fn.next_functions[0][0].register_hook(lambda inputs, outputs: None)
        with adjoint.autograd.graph.saved_tensors_hooks(lambda tensor: tensor, lambda tensor: tensor):
            z = y.exp()
        node = weakref.ref(y.grad_fn)
        z.sum().backward()
        del y, z
        assert node() is None
    finally:
        gc.enable()


# --- several gradients -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("all", [[6.0, 3.0, None], [6.0, 3.0, None]]), ("any", [6.0, 6.0])],
)
def test_hooks_on_several_gradients(torch, mode, expected):
    a, b, c = (torch.tensor(value, requires_grad=True) for value in (1.0, 2.0, 4.0))
    seen = []

    def note(got):
        seen.append([each if each is None else each.item() for each in got] if mode == "all" else got.item())

    handle = torch.autograd.graph.register_multi_grad_hook([a, b, c], note, mode=mode)
    for _ in range(2):
        (a * b * 3).backward()
    handle.remove()
    (a * b * 3).backward()
    assert seen == expected


def test_hooks_on_several_gradients_inside_a_graph(torch):
    x = ones(torch)
    y, z = x * 2, x * 3
    seen = []
    with torch.autograd.graph.register_multi_grad_hook([y, z], lambda got: seen.append([each is None for each in got])):
        (y + z).sum().backward(retain_graph=True)
        torch.autograd.grad(y.sum(), x, retain_graph=True)
    (y + z).sum().backward()
    assert seen == [[False, False], [False, True]]


def test_hooks_on_several_gradients_refuse(torch):
    register = torch.autograd.graph.register_multi_grad_hook
    with pytest.raises(ValueError, match=r"Expects mode to be one of \('all', 'any'\) but got some"):
        register([ones(torch)], print, mode="some")
    with pytest.raises(AssertionError, match="Expected gradient function to be set"):
        register([ones(torch), torch.ones(2)], print)


# --- saved tensors -----------------------------------------------------------------------------------------------


def test_pack_and_unpack(torch):
    log = []
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    other = torch.tensor([3.0, 4.0])

    def pack(tensor):
        log.append(("pack", tensor.tolist(), tensor.requires_grad, torch.is_grad_enabled()))
        return tensor.tolist()

    def unpack(numbers):
        log.append(("unpack", numbers, torch.is_grad_enabled()))
        return torch.tensor(numbers)

    with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
        y = x * other
        z = y * y
    z.sum().backward()
    first, second = [3.0, 4.0], [3.0, 8.0]
    assert log == [
        ("pack", first, False, False), ("pack", second, True, False), ("pack", second, True, False),
        ("unpack", second, False), ("unpack", second, False), ("unpack", first, False),
    ]  # fmt: skip
    assert x.grad.tolist() == [18.0, 64.0]


def test_what_is_unpacked_is_what_the_derivative_sees(torch):
    x = ones(torch)
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor * 2, lambda tensor: tensor)
    with hooks:
        y = x * x
        z = x.exp()
    (gradient,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    assert (gradient.tolist(), second.tolist()) == ([4.0, 4.0], [2.0, 2.0])
    (gradient,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    (second,) = torch.autograd.grad(gradient.sum(), x)
    assert gradient.tolist() == pytest.approx([5.4365637] * 2)
    assert second.tolist() == pytest.approx([5.4365637] * 2)


def test_only_the_innermost_pair_counts(torch):
    log = []
    x = ones(torch)
    graph = torch.autograd.graph

    def pair(name):
        return graph.saved_tensors_hooks(lambda tensor: (log.append(name), tensor.detach())[1], lambda tensor: tensor)

    with pair("outer"), pair("inner"):
        x.exp()
    assert log == ["inner"]


@pytest.mark.parametrize(
    ("pack", "unpack", "error", "message"),
    [
        (lambda tensor: 1 / 0, lambda packed: packed, ZeroDivisionError, "division by zero"),
        (
            lambda tensor: 3,
            lambda packed: packed,
            TypeError,
            "unpack_hook expected to be a Tensor but got result of type int",
        ),
        (
            lambda tensor: tensor.mul_(2),
            lambda packed: packed,
            RuntimeError,
            "pack hook is modifying its input in place",
        ),
        (3, lambda packed: packed, TypeError, "incompatible function arguments"),
        (lambda tensor: tensor, 3, TypeError, "incompatible function arguments"),
    ],
)
def test_what_saved_tensor_hooks_must_not_do(torch, pack, unpack, error, message):
    x = ones(torch)

    def run():
        with torch.autograd.graph.saved_tensors_hooks(pack, unpack):
            y = x.exp() * 2
        y.sum().backward()

    with pytest.raises(error, match=message):
        run()


def test_packed_values_may_be_overwritten(torch):
    x = ones(torch)
    y = x * 3
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor):
        z = y * y
        y.mul_(y.detach())
    z.sum().backward()
    assert x.grad.tolist() == [18.0, 18.0]


def test_a_write_in_place_is_packed_before_it_happens(torch):
    x = ones(torch)
    y = x * 3
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: tensor.clone(), lambda tensor: tensor):
        y.mul_(x)
    y.sum().backward()
    assert x.grad.tolist() == [6.0, 6.0]


def test_hooks_on_one_saved_tensor(torch):
    x, other = ones(torch), torch.full((2,), 2.0)
    y = other * x
    raw = y.grad_fn._raw_saved_self
    raw.register_hooks(lambda tensor: tensor * 2, lambda tensor: tensor)
    assert y.grad_fn._saved_self.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="whose hooks have already been set"):
        y.grad_fn._raw_saved_self.register_hooks(lambda tensor: tensor, lambda tensor: tensor)
    with pytest.raises(RuntimeError, match="Calling register_hooks on a saved tensor with value None is forbidden"):
        y.grad_fn._raw_saved_other.register_hooks(lambda tensor: tensor, lambda tensor: tensor)
    y.sum().backward()
    assert x.grad.tolist() == [4.0, 4.0]
    with pytest.raises(RuntimeError, match="Calling register_hooks on a saved tensor after it has been freed"):
        y.grad_fn._raw_saved_self.register_hooks(lambda tensor: tensor, lambda tensor: tensor)


def test_saved_tensor_hooks_can_be_disabled(torch):
    graph = torch.autograd.graph
    with graph.disable_saved_tensors_hooks("not here"):
        with pytest.raises(RuntimeError, match="not here"), graph.save_on_cpu():
            pass
        with pytest.raises(RuntimeError, match="nor here"), graph.disable_saved_tensors_hooks("nor here"):
            graph.save_on_cpu().__enter__()
    with graph.save_on_cpu(), pytest.raises(RuntimeError, match="too late"):
        graph.disable_saved_tensors_hooks("too late").__enter__()
    x = ones(torch)
    with graph.save_on_cpu():
        y = x * x
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]


def test_saved_tensors_may_be_written_to(torch):
    graph = torch.autograd.graph
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with graph.allow_mutation_on_saved_tensors():
        y = x.clone()
        z = y**2
        w = x.exp()
        v = w.sin()
        y.mul_(10)
        w[0] = 7.0
        with torch.no_grad():
            x.add_(5)
        (z.sum() + v.sum()).backward()
    expected = [2 * value + math.cos(math.exp(value)) * math.exp(value) for value in (1.0, 2.0)]
    assert x.grad.tolist() == pytest.approx(expected, rel=1e-6)


def test_where_saved_tensors_may_not_be_written_to(torch):
    graph = torch.autograd.graph
    x = ones(torch)
    outside = "Trying to backward outside of the 'allow_mutation_on_saved_tensors' context"
    with graph.allow_mutation_on_saved_tensors() as context:
        late, cleared = (x.clone() ** 2).sum(), (x.clone() ** 2).sum()
        context.clear()
        with pytest.raises(AssertionError, match=outside):
            cleared.backward()
        with pytest.raises(RuntimeError, match="contexts cannot be nested"), graph.allow_mutation_on_saved_tensors():
            pass
    with pytest.raises(AssertionError, match=outside):
        late.backward()
    y = x.clone()
    z = (y**2).sum()
    with graph.allow_mutation_on_saved_tensors():
        y.mul_(10)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            z.backward()
