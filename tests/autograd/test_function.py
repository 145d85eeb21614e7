"""Functions of the user's own: what `ctx` keeps, what outputs are, what gradients must be, and both modes through them."""

import gc
import weakref

import pytest

import adjoint

pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")  # PyTorch's own

AGAIN = "Trying to backward through the graph a second time"
IN_FUNCTION = "This view was created inside a custom Function"


def make(torch, forward, backward=None, **rest):
    """A Function with these static methods."""
    methods = {"forward": forward, **({"backward": backward} if backward else {}), **rest}
    body = {name: staticmethod(each) if callable(each) else each for name, each in methods.items()}
    return type("My", (torch.autograd.Function,), body)


def through(torch, backward, forward=lambda ctx, x: x * 2):
    return make(torch, forward, backward).apply


def ones(torch, *shape):
    return torch.ones(*(shape or (3,)), requires_grad=True)


def cube(torch):
    class Cube(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x**3

        @staticmethod
        def backward(ctx, grad):
            (x,) = ctx.saved_tensors
            return grad * 3 * x**2

    return Cube


# --- forward and backward ----------------------------------------------------------------------------------------


def test_a_function_at_every_order(torch):
    x = torch.tensor(2.0, requires_grad=True)
    y = cube(torch).apply(x)
    assert repr(y) == "tensor(8., grad_fn=<CubeBackward>)"
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x, create_graph=True)
    (third,) = torch.autograd.grad(second, x)
    assert (first.item(), second.item(), third.item()) == (12.0, 12.0, 6.0)


def test_what_ctx_is(torch):
    seen = []

    def forward(ctx, x, number, other):
        ctx.number = number
        seen.append((ctx.needs_input_grad, torch.is_grad_enabled()))
        return x * number

    def backward(ctx, grad):
        seen.append((ctx.number, ctx.needs_input_grad, torch.is_grad_enabled()))
        return grad * ctx.number, None, None

    x = ones(torch)
    y = make(torch, forward, backward).apply(x, 3, torch.ones(3))
    node = y.grad_fn
    assert (node.name(), type(node).__name__, node.number, node is y.grad_fn) == ("MyBackward", "MyBackward", 3, True)
    assert isinstance(node, torch.autograd.graph.Node)
    assert isinstance(node, torch.autograd.function.BackwardCFunction)
    assert [each if each is None else each.name() for each, _ in node.next_functions] == [
        "torch::autograd::AccumulateGrad",
        None,
    ]
    y.sum().backward()
    assert x.grad.tolist() == [3.0] * 3
    assert seen == [((True, False, False), False), (3, (True, False, False), False)]
    with pytest.raises(TypeError, match="cannot pickle 'MyBackward' object"):
        node.__reduce_ex__(2)


def test_a_user_may_name_attributes_as_the_graph_does():
    names = ["edges", "meta", "params", "plan", "saved", "sequence", "writes", "annex", "fill", "several"]

    def forward(ctx, x):
        for name in names:
            setattr(ctx, name, f"my {name}")
        return x * 2

    def backward(ctx, grad):
        assert [getattr(ctx, name) for name in names] == [f"my {name}" for name in names]
        return grad * 2

    x = ones(adjoint)
    make(adjoint, forward, backward).apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_keyword_arguments(torch):
    apply = through(torch, lambda ctx, a, b: None, lambda ctx, x, y=3: x * y)
    x = ones(torch)
    assert apply(x, y=4).tolist() == [4.0] * 3
    assert apply(y=x, x=torch.ones(3)).grad_fn.needs_input_grad == (False, True)
    with pytest.raises(TypeError, match="unexpected keyword argument 'z'"):
        apply(x, z=3)


@pytest.mark.parametrize("is_recorded", [True, False])
def test_without_a_graph(torch, is_recorded):
    x = torch.ones(3, requires_grad=not is_recorded)
    with torch.set_grad_enabled(is_recorded):
        y = cube(torch).apply(x)
    assert (y.requires_grad, y.grad_fn) == (False, None)


@pytest.mark.parametrize(
    ("backward", "error", "message"),
    [
        (lambda ctx, g: (g, g), RuntimeError, r"function MyBackward returned an incorrect number .*expected 1, got 2"),
        (lambda ctx, g: (), RuntimeError, r"function MyBackward returned an incorrect number .*expected 1, got 0"),
        (lambda ctx, g: 3, RuntimeError, r"expected Variable or None \(got int\)"),
        (lambda ctx, g: [g], RuntimeError, r"expected Variable or None \(got list\)"),
        (
            lambda ctx, g: g[:2],
            RuntimeError,
            r"gradient at index 0 - got \[2\] but expected shape compatible with \[3\]",
        ),
        (
            lambda ctx, g: g[:1],
            RuntimeError,
            r"gradient at index 0 - got \[1\] but expected shape compatible with \[3\]",
        ),
        (
            lambda ctx, g: g.sum(),
            RuntimeError,
            r"gradient at index 0 - got \[\] but expected shape compatible with \[3\]",
        ),
        (lambda ctx, g: g * 1j, RuntimeError, "Expected isFloatingType"),
    ],
)
def test_gradients_that_do_not_fit(torch, backward, error, message):
    x = ones(torch)
    with pytest.raises(error, match=message):
        through(torch, backward)(x).sum().backward()


def test_a_gradient_for_what_is_no_tensor(torch):
    x = ones(torch)
    message = (
        "returned a gradient different than None at position 2, but the corresponding forward input was not a Variable"
    )
    with pytest.raises(RuntimeError, match=message):
        through(torch, lambda ctx, g: (g, g), lambda ctx, x, n: x * n)(x, 3).sum().backward()


@pytest.mark.parametrize(
    ("backward", "expected"),
    [
        (lambda ctx, g: (g * 5, None, None), [5.0] * 3),  # more than asked for, and all None
        (lambda ctx, g: g.expand(4, 3), [4.0] * 3),
        (lambda ctx, g: g.double(), [1.0] * 3),
        (lambda ctx, g: g.long(), [1.0] * 3),
    ],
)
def test_gradients_that_are_made_to_fit(torch, backward, expected):
    x = ones(torch)
    through(torch, backward)(x).sum().backward()
    assert (x.grad.tolist(), x.grad.dtype) == (expected, torch.float32)


def test_the_gradient_of_a_complex_input_is_complex(torch):
    z = torch.ones(2, dtype=torch.complex64, requires_grad=True)
    through(torch, lambda ctx, g: g, lambda ctx, z: z.real.clone())(z).sum().backward()
    assert (z.grad.tolist(), z.grad.dtype) == ([1 + 0j] * 2, torch.complex64)


def test_no_gradient(torch):
    x = ones(torch)
    through(torch, lambda ctx, g: None)(x).sum().backward()
    assert x.grad is None
    # the Function before it gets zeros all the same
    inner = through(torch, lambda ctx, g: g)
    through(torch, lambda ctx, g: None)(inner(x)).sum().backward()
    assert x.grad.tolist() == [0.0] * 3


def test_a_gradient_that_was_not_asked_for_is_ignored(torch):
    x, constant = ones(torch), torch.ones(3)
    through(torch, lambda ctx, g: (g, g), lambda ctx, a, b: a * b)(constant, x).sum().backward()
    assert (x.grad.tolist(), constant.grad) == ([1.0] * 3, None)


def test_what_must_be_implemented(torch):
    x = ones(torch)
    with pytest.raises(NotImplementedError, match="You must implement the forward function for custom autograd"):
        type("My", (torch.autograd.Function,), {}).apply(x)
    y = make(torch, lambda ctx, x: x * 2).apply(x)
    with pytest.raises(NotImplementedError, match="You must implement either the backward or vjp method"):
        y.sum().backward()
    both = make(torch, lambda ctx, x: x * 2, lambda ctx, g: g, vjp=lambda ctx, g: g).apply(x)
    with pytest.raises(
        RuntimeError, match="Implementing both 'backward' and 'vjp' for a custom Function is not allowed"
    ):
        both.sum().backward()
    make(torch, lambda ctx, x: x * 2, vjp=lambda ctx, g: g * 7).apply(x).sum().backward()
    assert x.grad.tolist() == [7.0] * 3


def test_a_function_is_not_instantiated(torch):
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        function = cube(torch)()
    with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"):
        function(ones(torch))


def test_backward_inside_backward(torch):
    def backward(ctx, grad):
        with torch.enable_grad():
            inner = ctx.x.detach().requires_grad_()
            (inner**2).sum().backward()
        return grad * inner.grad

    def forward(ctx, x):
        ctx.x = x
        return x * 2

    x = torch.full((3,), 3.0, requires_grad=True)
    make(torch, forward, backward).apply(x).sum().backward()
    assert x.grad.tolist() == [6.0] * 3


def test_hooks_on_a_function(torch):
    log = []
    x = ones(torch)
    a, b = through(torch, lambda ctx, g, h: g + h, lambda ctx, x: (x * 1, x * 2))(x)
    a.register_hook(lambda gradient: log.append(("a", gradient)))
    b.register_hook(lambda gradient: gradient * 10)
    b.retain_grad()
    a.grad_fn.register_prehook(lambda outputs: log.append([each is None for each in outputs]))
    a.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 2,))
    b.sum().backward()
    assert log == [("a", None), [True, False]]
    assert (b.grad.tolist(), x.grad.tolist()) == ([10.0] * 3, [20.0] * 3)


# --- outputs -----------------------------------------------------------------------------------------------------


def test_outputs_of_every_kind(torch):
    x = ones(torch)
    got = []
    outputs = through(torch, lambda ctx, *g: (got.extend(g), g[0])[1], lambda ctx, x: (x * 2, 3, "a", None, x > 0))(x)
    assert outputs[1:4] == (3, "a", None)
    assert (outputs[0].requires_grad, outputs[4].requires_grad) == (True, False)
    outputs[0].sum().backward()
    assert [each if each is None else each.tolist() for each in got] == [[1.0] * 3, None, None, None, [False] * 3]
    assert type(through(torch, None, lambda ctx, x: (x * 2,))(x)) is tuple
    assert through(torch, None, lambda ctx, x: [x * 2])(x)[0].requires_grad is False


@pytest.mark.parametrize("materialized", [True, False])
def test_gradients_of_outputs_that_none_reached(torch, materialized):
    def forward(ctx, x):
        ctx.set_materialize_grads(materialized)
        return x * 2, x * 3

    got = []
    x = ones(torch)
    through(torch, lambda ctx, *g: (got.extend(g), g[1])[1], forward)(x)[1].sum().backward()
    assert (got[0] is None) is not materialized
    assert got[1].tolist() == [1.0] * 3


def test_outputs_that_are_not_differentiable(torch):
    def forward(ctx, x):
        doubled = x * 2
        ctx.mark_non_differentiable(doubled)
        return doubled, x * 3

    x = ones(torch)
    doubled, tripled = through(torch, lambda ctx, g, h: h, forward)(x)
    assert (doubled.requires_grad, tripled.requires_grad) == (False, True)


def test_an_input_returned_as_it_is(torch):
    x, constant = ones(torch), torch.ones(3)
    apply = through(torch, lambda ctx, g: g * 5, lambda ctx, x: x)
    y = apply(x)
    assert (y is x, y._is_view(), y._base is x, y.grad_fn.name()) == (False, True, True, "MyBackward")
    y.sum().backward()
    assert x.grad.tolist() == [5.0] * 3
    z = apply(constant)
    assert (z is constant, z._base is constant, z.requires_grad) == (False, True, False)

    def fixed(ctx, x):
        ctx.mark_non_differentiable(x)
        return x

    z = through(torch, None, fixed)(x)
    assert (z is x, z.requires_grad) == (False, False)


@pytest.mark.parametrize(
    ("forward", "message"),
    [
        (lambda ctx, x: x, f"Output 0 of My is a view and is being modified inplace. {IN_FUNCTION}"),
        (lambda ctx, x: x[:2], f"Output 0 of My is a view and is being modified inplace. {IN_FUNCTION}"),
        (lambda ctx, x: (x[:1], x[1:]), "This view is the output of a function that returns multiple views"),
    ],
)
def test_views_made_in_a_function_are_not_written_to(torch, forward, message):
    y = through(torch, None, forward)(ones(torch) * 1)
    with pytest.raises(RuntimeError, match=message):
        (y[0] if isinstance(y, tuple) else y).mul_(2)


def test_the_base_of_such_a_view_was_written_to(torch):
    x = ones(torch) * 1
    y = through(torch, None, lambda ctx, x: x[:2])(x)
    x.mul_(2)
    with pytest.raises(
        RuntimeError, match="is a view and its base or another view of its base has been modified inplace"
    ):
        _ = y.grad_fn


def test_an_output_may_be_written_to(torch):
    x = ones(torch)
    y = through(torch, lambda ctx, g: g * 3)(x)
    y.mul_(2)
    y.sum().backward()
    assert x.grad.tolist() == [6.0] * 3


# --- writing to inputs -------------------------------------------------------------------------------------------


def add_one(ctx, x):
    x.add_(1)
    ctx.mark_dirty(x)
    return x


def test_a_function_that_writes_to_its_input(torch):
    x = ones(torch)
    y = x * 1
    z = through(torch, lambda ctx, g: g * 3, add_one)(y)
    assert (z is y, y._version, y.grad_fn.name()) == (True, 2, "MyBackward")
    y.sum().backward()
    assert x.grad.tolist() == [3.0] * 3


def test_a_function_that_writes_to_a_view(torch):
    x = ones(torch)
    y = x * 1
    view = y[:2]
    assert through(torch, lambda ctx, g: g * 3, add_one)(view) is view
    y.sum().backward()
    assert (y.tolist(), x.grad.tolist()) == ([2.0, 2.0, 1.0], [3.0, 3.0, 1.0])


def test_a_function_that_writes_to_what_requires_no_gradient(torch):
    def forward(ctx, a, b):
        a.add_(b)
        ctx.mark_dirty(a)
        return a

    x, total = ones(torch), torch.ones(3)
    assert through(torch, lambda ctx, g: (g * 2, g * 3), forward)(total, x) is total
    total.sum().backward()
    assert x.grad.tolist() == [3.0] * 3
    plain = torch.ones(3)
    assert through(torch, None, add_one)(plain) is plain
    assert plain._version == 2


@pytest.mark.parametrize(
    ("prepare", "forward", "message"),
    [
        (lambda x: x, add_one, "a leaf Variable that requires grad has been used in an in-place operation."),
        (
            lambda x: (x * 1)[:2],
            lambda ctx, x: (add_one(ctx, x), x * 2),
            "your Function cannot return more than one Tensor",
        ),
        (
            lambda x: x * 1,
            lambda ctx, x: add_one(ctx, x) * 2,
            "Some elements marked as dirty during the forward method",
        ),
        (lambda x: x * 1, lambda ctx, x: (ctx.mark_dirty(3), x * 2)[1], "mark_dirty can only accept variables"),
    ],
)
def test_what_a_function_must_not_write_to(torch, prepare, forward, message):
    argument = prepare(ones(torch))
    with pytest.raises(RuntimeError, match=message):
        through(torch, None, forward)(argument)


def test_mark_dirty_of_what_is_no_input(torch):
    def forward(ctx, x):
        y = x * 2
        ctx.mark_dirty(y)
        return y

    with pytest.warns(UserWarning, match=r"ctx\.mark_dirty\(\) received a tensor that was not an input"):
        y = through(torch, None, forward)(ones(torch) * 1)
    assert y.requires_grad


# --- saved tensors -----------------------------------------------------------------------------------------------


def saving(which):
    """A forward that saves its input, its output, or a value between."""

    def forward(ctx, x):
        between = x * 2
        out = between * 1
        ctx.save_for_backward({"input": x, "output": out, "between": between}[which])
        return out

    return forward


@pytest.mark.parametrize("which", ["input", "output", "between"])
def test_saved_tensors_are_freed(torch, which):
    x = ones(torch)
    y = through(torch, lambda ctx, g: g * ctx.saved_tensors[0], saving(which))(x)
    (kept,) = y.grad_fn.saved_tensors
    assert (kept is x, kept.requires_grad) == (which == "input", which != "between")
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    with pytest.raises(RuntimeError, match=AGAIN):
        y.sum().backward()
    with pytest.raises(RuntimeError, match=AGAIN):
        _ = y.grad_fn.saved_tensors


def test_what_is_not_read_again_needs_no_second_forward(torch):
    x = ones(torch)
    y = through(torch, lambda ctx, g: g, saving("input"))(x)
    y.sum().backward()
    y.sum().backward()
    assert x.grad.tolist() == [2.0] * 3


@pytest.mark.parametrize(("which", "name"), [("input", "Mul"), ("output", "My")])
def test_a_saved_tensor_that_was_written_to(torch, which, name):
    x = ones(torch) * 1
    y = through(torch, lambda ctx, g: g * ctx.saved_tensors[0], saving(which))(x)
    (x if which == "input" else y).mul_(2)
    message = rf"\[torch.FloatTensor \[3\]\], which is output 0 of {name}, is at version 1; expected version 0 instead"
    with pytest.raises(RuntimeError, match=message):
        y.sum().backward()


def test_the_derivative_of_a_saved_output(torch):
    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    x = torch.tensor(0.0, requires_grad=True)
    y = through(torch, lambda ctx, g: g * ctx.saved_tensors[0], forward)(x)
    (first,) = torch.autograd.grad(y, x, create_graph=True)
    (second,) = torch.autograd.grad(first, x)
    assert (first.item(), second.item()) == (1.0, 1.0)


def test_what_can_be_saved(torch):
    def forward(ctx, x):
        assert ctx.saved_tensors == ()
        ctx.save_for_backward(x)
        ctx.save_for_backward(None, x * 2)  # in place of the first
        return x * 1

    y = through(torch, lambda ctx, g: g, forward)(ones(torch))
    assert [each if each is None else each.tolist() for each in y.grad_fn.saved_tensors] == [None, [2.0] * 3]
    assert len(y.grad_fn._raw_saved_tensors) == 2
    with pytest.raises(TypeError, match="save_for_backward can only save variables, but argument 0 is of type int"):
        through(torch, None, lambda ctx, x: (ctx.save_for_backward(3), x * 1)[1])(ones(torch))
    with pytest.raises(AssertionError, match="save_for_forward expects all arguments to be tensors"):
        through(torch, None, lambda ctx, x: (ctx.save_for_forward(3), x * 1)[1])(ones(torch))


def test_saved_tensors_are_packed(torch):
    log = []
    x = ones(torch)
    with torch.autograd.graph.saved_tensors_hooks(
        lambda tensor: (log.append("pack"), tensor * 10)[1], lambda tensor: (log.append("unpack"), tensor)[1]
    ):
        y = cube(torch).apply(x)
    y.sum().backward()
    assert (log, x.grad.tolist()) == (["pack", "unpack"], [300.0] * 3)


def test_saved_tensors_that_can_be_read_once(torch):
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        with pytest.raises(RuntimeError, match="saved_tensors can only be accessed once"):
            _ = ctx.saved_tensors
        return g * x

    function = make(torch, saving("input"), backward, clear_saved_tensors_on_access=True)
    x = ones(torch)
    function.apply(x).sum().backward()
    assert x.grad.tolist() == [1.0] * 3


def test_gradients_in_a_list(torch):
    x = ones(torch)
    function = make(
        torch, lambda ctx, x: (x * 1, x * 2), lambda ctx, grads: grads.pop() + grads.pop(), boxed_grads_call=True
    )
    sum(function.apply(x)).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


def test_old_names_warn(torch):
    x = ones(torch)
    with pytest.warns(DeprecationWarning, match="'saved_variables' is deprecated; use 'saved_tensors'"):
        assert cube(torch).apply(x).grad_fn.saved_variables[0] is x
    with pytest.warns(FutureWarning, match="`mark_shared_storage` is deprecated"):
        through(torch, None, lambda ctx, x: (ctx.mark_shared_storage((x, x)), x * 1)[1])(x)


def test_a_dropped_function_is_freed_by_reference_count():
    def forward(ctx, x):
        y = x * 2
        ctx.number = 3
        ctx.save_for_backward(x, y)
        return y

    gc.collect()
    gc.disable()
    try:
        x = ones(adjoint)
        y = make(adjoint, forward, lambda ctx, g: g * ctx.saved_tensors[1]).apply(x * 1)
        held = weakref.ref(y.grad_fn._node)
        y.sum().backward()
        del y
        assert held() is None
    finally:
        gc.enable()


# --- other ways to write a Function ------------------------------------------------------------------------------


def power(torch, **rest):
    return make(
        torch,
        lambda x, n=2: x**n,
        lambda ctx, g: (g * ctx.n * ctx.saved_tensors[0] ** (ctx.n - 1), None),
        setup_context=lambda ctx, inputs, output: (setattr(ctx, "n", inputs[1]), ctx.save_for_backward(inputs[0]))[0],
        **rest,
    )


def test_setup_context(torch):
    x = torch.tensor(3.0, requires_grad=True)
    apply = power(torch).apply
    assert torch.autograd.grad(apply(x), x)[0].item() == 6.0  # with the default for n
    assert torch.autograd.grad(apply(x, n=3), x)[0].item() == 27.0
    assert torch.autograd.grad(apply(x, 3), x)[0].item() == 27.0
    with pytest.raises(TypeError, match="missing a required argument: 'x'"):
        apply(n=3)


def test_setup_context_that_saves_an_input_returned_as_it_is(torch):
    function = make(
        torch,
        lambda x: x,
        lambda ctx, g: g,
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
    )
    with pytest.raises(
        RuntimeError, match="An input that has been returned as-is as output is being saved for backward"
    ):
        function.apply(ones(torch))


def test_once_differentiable(torch):
    once = torch.autograd.function.once_differentiable

    def backward(ctx, g):
        assert not torch.is_grad_enabled()
        return g * 2 * ctx.saved_tensors[0]

    function = make(torch, lambda ctx, x: (ctx.save_for_backward(x), x**2)[1], once(backward))
    x = torch.tensor(3.0, requires_grad=True)
    assert torch.autograd.grad(function.apply(x), x)[0].item() == 6.0
    y = function.apply(x) ** 2
    (gradient,) = torch.autograd.grad(y, x, create_graph=True)
    assert (gradient.item(), gradient.requires_grad) == (108.0, True)
    with pytest.raises(RuntimeError, match="trying to differentiate twice a function that was marked with @once_diff"):
        gradient.backward()


def test_an_inplace_function(torch):
    class Double(torch.autograd.function.InplaceFunction):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    x = ones(torch)
    Double.apply(x).sum().backward()
    assert x.grad.tolist() == [2.0] * 3


# --- forward mode ------------------------------------------------------------------------------------------------


def test_forward_mode(torch):
    def forward(ctx, x, n, other):
        ctx.n = n
        ctx.save_for_forward(x)
        return x**n, 3, x > 0

    def jvp(ctx, tangent, n, other):
        assert n is None
        assert other.tolist() == [0.0] * 3
        return tangent * ctx.n * ctx.saved_tensors[0], None, None

    function = make(torch, forward, jvp=jvp)
    forward_ad = torch.autograd.forward_ad
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.full((3,), 2.0), torch.full((3,), 10.0))
        out, three, positive = function.apply(x, 2, torch.ones(3))
        assert forward_ad.unpack_dual(out).tangent.tolist() == [40.0] * 3
        assert (three, forward_ad.unpack_dual(positive).tangent) == (3, None)


@pytest.mark.parametrize(
    ("forward", "jvp", "error", "message"),
    [
        (
            lambda ctx, x: x * 2,
            None,
            NotImplementedError,
            "You must implement the jvp function for custom autograd.Function",
        ),
        (
            lambda ctx, x: x * 2,
            lambda ctx, t: (t, t),
            RuntimeError,
            r"number of forward gradients \(expected 1 but got 2\)",
        ),
        (
            lambda ctx, x: x * 2,
            lambda ctx, t: t[:2],
            RuntimeError,
            "has a different size than that of the original Tensor",
        ),
        (
            lambda ctx, x: x,
            lambda ctx, t: t,
            RuntimeError,
            "is returning a view .* but the jvp is not returning a view",
        ),
    ],
)
def test_tangents_that_do_not_fit(torch, forward, jvp, error, message):
    function = make(torch, forward, **({"jvp": jvp} if jvp else {}))
    forward_ad = torch.autograd.forward_ad
    with forward_ad.dual_level():
        x = forward_ad.make_dual(torch.ones(3), torch.ones(3))
        with pytest.raises(error, match=message):
            function.apply(x)


def test_forward_over_reverse_and_reverse_over_forward():
    torch = adjoint

    def jvp(ctx, tangent, n):
        return tangent * ctx.n * ctx.saved_tensors[0] ** (ctx.n - 1)

    def setup(ctx, inputs, output):
        ctx.n = inputs[1]
        ctx.save_for_backward(inputs[0])
        ctx.save_for_forward(inputs[0])

    def backward(ctx, g):
        return g * ctx.n * ctx.saved_tensors[0] ** (ctx.n - 1), None

    function = make(torch, lambda x, n: x**n, backward, setup_context=setup, jvp=jvp)
    x, one = torch.tensor(2.0), torch.tensor(1.0)

    def f(x):
        return function.apply(x, 4)

    first = torch.func.grad(f)
    assert torch.func.jvp(f, (x,), (one,))[1].item() == 32.0
    assert torch.func.jvp(first, (x,), (one,))[1].item() == 48.0
    assert torch.func.grad(lambda x: torch.func.jvp(f, (x,), (one,))[1])(x).item() == 48.0
    assert torch.func.grad(torch.func.grad(first))(x).item() == 48.0


# --- vmap --------------------------------------------------------------------------------------------------------


def square(torch, **rest):
    return make(
        torch,
        lambda x: x**2,
        lambda ctx, g: g * 2 * ctx.saved_tensors[0],
        setup_context=lambda ctx, inputs, output: ctx.save_for_backward(inputs[0]),
        **rest,
    )


def test_vmap_by_the_functions_own_operations(torch):
    function = square(torch, generate_vmap_rule=True)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    y = torch.vmap(function.apply)(x)
    y.sum().backward()
    assert (y.tolist(), x.grad.tolist()) == ([[1.0, 4.0], [9.0, 16.0]], [[2.0, 4.0], [6.0, 8.0]])
    each = torch.vmap(torch.func.grad(lambda row: function.apply(row).sum()))(x.detach())
    assert each.tolist() == [[2.0, 4.0], [6.0, 8.0]]


def test_vmap_by_a_rule(torch):
    seen = []

    def rule(info, in_dims, x):
        seen.append((info.batch_size, info.randomness, in_dims, tuple(x.shape)))
        return function.apply(x), in_dims[0]

    function = square(torch, vmap=rule)
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    assert torch.vmap(function.apply)(x).tolist() == [[1.0, 4.0], [9.0, 16.0], [25.0, 36.0]]
    each = torch.vmap(torch.func.grad(lambda row: function.apply(row).sum()))(x)
    assert each.tolist() == [[2.0, 4.0], [6.0, 8.0], [10.0, 12.0]]
    assert seen == [(3, "error", (0,), (3, 2))] * 2
    assert torch.vmap(lambda row: function.apply(torch.ones(2)) + row)(x).tolist()[0] == [2.0, 3.0]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "You tried to vmap over My, but it does not have vmap support"),
        (
            {"generate_vmap_rule": True, "vmap": print},
            "has both generate_vmap_rule=True and an overridden vmap staticmethod",
        ),
        ({"vmap": lambda info, in_dims, x: x}, "Expected the vmap staticmethod to have two returns"),
        ({"vmap": lambda info, in_dims, x: (x, (0, 0))}, r"returned an incompatible \(output, out_dims\) tuple"),
    ],
)
def test_what_vmap_needs(torch, options, message):
    with pytest.raises(RuntimeError, match=message):
        torch.vmap(square(torch, **options).apply)(torch.ones(2, 2))


def test_transformations_need_setup_context(torch):
    with pytest.raises(RuntimeError, match="it must override the setup_context staticmethod"):
        torch.func.grad(lambda x: cube(torch).apply(x))(torch.tensor(1.0))
