"""Makes random programs: lists of Python statements about `torch` and the tensors t0, t1, ...

A program is made while it runs on a reference library, so that each statement can be chosen to suit the tensors that
are there; what is chosen comes from a `Choices`, which Hypothesis or a seeded generator fills.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from tests.fuzz.machine import Machine, flat


class Choices(Protocol):
    """Where random choices come from."""

    def number(self, low: int, high: int) -> int: ...

    def pick(self, options: Sequence[Any]) -> Any: ...


class World:
    """A program in the making."""

    def __init__(self, torch: Any, choices: Choices) -> None:
        self.torch = torch
        self.machine = Machine(torch)
        self.pick = choices.pick
        self.number = choices.number
        self.program: list[str] = []
        #: whether derivatives of derivatives are taken; then there is no `relu`, since PyTorch records that the gradient
        #: through it depends on its result, though that dependence has derivative 0
        self.higher = self.chance(50)
        self.mode = ""  # what stands around the statement that is being made
        self._made = 0

    def chance(self, percent: int) -> bool:
        return self.number(0, 99) >= 100 - percent

    def fresh(self, kind: str = "t") -> str:
        self._made += 1
        return f"{kind}{self._made - 1}"

    def __getitem__(self, name: str) -> Any:
        return self.machine.names[name]

    def tensor(
        self, condition: Callable[[Any], bool] = lambda tensor: True, kinds: str = "t", inference: bool = False
    ) -> str:
        """The name of some tensor that fulfils a condition; one of inference mode in that mode, or where asked for.

        Outside of the mode, PyTorch's own in-place steps inside of a few operations count as versions of their results.
        """
        inference = inference or "inference" in self.mode
        names = [
            name
            for name, tensor in self.machine.tensors().items()
            if name[0] in kinds and (inference or not tensor.is_inference()) and condition(tensor)
        ]
        if not names:
            raise Unsuitable
        return self.pick(names)

    def values(self, name: str) -> list:
        return flat(self[name].detach().tolist())

    def add(self, statement: str) -> str | None:
        statement = f"with {self.mode}: {statement}" if self.mode else statement
        self.program.append(statement)
        return self.machine.execute(statement)


class Unsuitable(Exception):  # noqa: N818  (no error: another statement is made)
    """There is no tensor for the statement that was to be made."""


# --- what tensors are like ---------------------------------------------------------------------------------------


def is_inexact(t: Any) -> bool:
    return t.is_floating_point() or t.is_complex()


def is_real(t: Any) -> bool:
    return t.is_floating_point()


def largest(world: World, name: str) -> float:
    return max((abs(v) for v in world.values(name)), default=0.0)


def smallest(world: World, name: str) -> float:
    return min((abs(v) for v in world.values(name)), default=math.inf)


def clear_of(world: World, name: str, *thresholds: float) -> bool:
    """Whether no element lies so near to a threshold that rounding decides on which side; exact numbers may be on it."""
    values = world.values(name)
    if all(v * 1024 == math.floor(v * 1024) for v in values if abs(v) < math.inf):
        return True
    return all(abs(v - each) > 1e-5 for v in values for each in thresholds)


SHAPES = ((), (1,), (2,), (3,), (4,), (2, 3), (3, 2), (2, 2), (1, 3), (3, 1), (2, 1, 2), (0,), (2, 0))
TYPES = ("float64",) * 6 + ("float32",) * 3 + ("complex128", "int64")


def number(world: World) -> str:
    return world.pick(("2", "-1.5", "0.5", "3", "-1", "0.25"))


# --- making leaves -----------------------------------------------------------------------------------------------


def leaf(world: World) -> str:
    shape, dtype = world.pick(SHAPES), world.pick(TYPES)
    count = math.prod(shape)
    start, step = world.number(-6, 6), world.pick((1, 2, 3, 5))
    numbers = [((start + step * k + 6) % 13 - 6) / 2 for k in range(count)]
    if dtype == "int64":
        numbers = [int(2 * v) for v in numbers]
    if dtype == "complex128":
        numbers = [complex(v, ((start * 3 + k * 2) % 7 - 3) / 2) for k, v in enumerate(numbers)]
    # a view of a leaf of inference mode requires, outside of it, no gradient
    plain = dtype == "int64" or "inference" in world.mode or world.chance(25)
    flags = "" if plain else ", requires_grad=True"
    return f"{world.fresh()} = torch.tensor({nested(numbers, shape)}, dtype=torch.{dtype}{flags})"


def nested(numbers: list, shape: Sequence[int]) -> Any:
    if not shape:
        return numbers[0]
    step = len(numbers) // shape[0] if shape[0] else 0
    return [nested(numbers[k * step : (k + 1) * step], shape[1:]) for k in range(shape[0])]


# --- operations --------------------------------------------------------------------------------------------------

SMOOTH = ("sin", "cos", "tanh", "sigmoid", "neg", "square")


def unary_name(world: World, name: str) -> str:
    """A function of one tensor that suits it."""
    names = list(SMOOTH)
    tensor = world[name]
    big = largest(world, name)
    if big > 1000:
        names = ["sin", "tanh", "sigmoid", "neg"]
    if tensor.is_complex():
        return world.pick([each for each in names if each not in ("tanh", "sigmoid")] if big < 5 else ["neg"])
    if big < 4:
        names.append("exp")
    if is_real(tensor):
        if clear_of(world, name, 0):
            names += ["abs"] if world.higher else ["abs", "relu"]
        if tensor.numel() and min(world.values(name)) > 0.1:
            names += ["log", "sqrt", "reciprocal"]
    return world.pick(names)


def unary(world: World) -> str:
    x = world.tensor()
    return f"{world.fresh()} = {x}.{unary_name(world, x)}()"


def fits(world: World, x: str) -> Callable[[Any], bool]:
    shape = world[x].shape

    def condition(t: Any) -> bool:
        try:
            world.torch.broadcast_shapes(t.shape, shape)
        except RuntimeError:
            return False
        return True

    return condition


def binary_name(world: World, x: str, y: str) -> str:
    names = ["add", "sub"]
    if largest(world, x) * largest(world, y) < 1e4:
        names += ["mul", "mul"]
    if smallest(world, y) > 0.2:
        names.append("div")
    return world.pick(names)


def partner(world: World, x: str) -> str:
    """A second operand for x: one that broadcasts with it, now and then any."""
    return world.tensor() if world.chance(4) else world.tensor(fits(world, x), "tg")


def binary(world: World) -> str:
    x = world.tensor(inference=True)
    y = partner(world, x)
    return f"{world.fresh()} = {x}.{binary_name(world, x, y)}({y})"


def with_number(world: World) -> str:
    x = world.tensor()
    operator = world.pick(("+", "-", "*", "*", "/"))
    return f"{world.fresh()} = {x} {operator} {number(world)}"


def number_first(world: World) -> str:
    x = world.tensor()
    return f"{world.fresh()} = {number(world)} {world.pick(('+', '-', '*'))} {x}"


def power(world: World) -> str:
    # not to the power 0: PyTorch saves the base also there, and minds when it is overwritten
    x = world.tensor(is_inexact)
    if largest(world, x) > 20:
        raise Unsuitable
    return f"{world.fresh()} = {x} ** {world.pick(('2', '3', '1'))}"


def reduction(world: World) -> str:
    x = world.tensor()
    shape = world[x].shape
    name = world.pick(("sum", "mean")) if is_inexact(world[x]) and world[x].numel() else "sum"
    if not shape or world.chance(50):
        return f"{world.fresh()} = {x}.{name}()"
    keep = ", keepdim=True" if world.chance(40) else ""
    return f"{world.fresh()} = {x}.{name}({world.number(-len(shape), len(shape) - 1)}{keep})"


def copy(world: World) -> str:
    return f"{world.fresh()} = {world.tensor()}.{world.pick(('clone', 'clone', 'contiguous', 'detach', 'double', 'float'))}()"


def join(world: World) -> str:
    x = world.tensor()
    shape = world[x].shape
    y = world.tensor(lambda t: t.shape == shape)
    name = world.pick(("stack", "cat")) if shape else "stack"
    return f"{world.fresh()} = torch.{name}([{x}, {y}], {world.number(0, max(len(shape) - 1, 0))})"


def matmul(world: World) -> str:
    x = world.tensor(lambda t: t.ndim == 2 and is_real(t))
    a = world[x]
    y = world.tensor(lambda t: t.dtype == a.dtype and t.ndim in (1, 2) and t.shape[0] == a.shape[1])
    if largest(world, x) * largest(world, y) > 1e4:
        raise Unsuitable
    return f"{world.fresh()} = {x} @ {y}"


def where(world: World) -> str:
    x = world.tensor(is_real)
    if not clear_of(world, x, 0):
        raise Unsuitable
    # PyTorch's gradient fails where one is real and the other complex
    y = world.tensor(lambda t: not t.is_complex() and fits(world, x)(t))
    return f"{world.fresh()} = torch.where({x} > 0, {x}, {y})"


# --- views -------------------------------------------------------------------------------------------------------


def some_slice(world: World, size: int) -> str:
    start = world.number(0, size)
    stop = world.number(start, size)
    step = world.pick(("", "", "", ":2"))
    return world.pick((f"{start}:{stop}{step}", ":", f"{start}:", f":{stop}"))


def index_of(world: World, shape: Sequence[int]) -> str:
    """A basic index for a tensor of this shape."""
    parts = [
        str(world.number(-size, size - 1)) if size and world.chance(45) else some_slice(world, size)
        for size in shape[: world.number(0, len(shape))]
    ]
    if world.chance(10):
        parts.insert(world.number(0, len(parts)), "None")
    if world.chance(10) or not parts:
        parts.insert(world.number(0, len(parts)), "...")
    return ", ".join(parts)


def reshaped(world: World, count: int) -> str:
    shapes = [shape for shape in (*SHAPES, (6,), (2, 2, 1), (1, 1)) if math.prod(shape) == count] or [(-1,)]
    shape = world.pick(shapes)
    return ", ".join(map(str, shape)) if shape else "()"


def view_of(world: World, x: str) -> str:
    """An expression for a view of x."""
    tensor = world[x]
    ndim = tensor.ndim
    dim = world.number(-ndim, ndim - 1) if ndim else 0
    forms = [
        lambda: f"{x}[{index_of(world, tensor.shape)}]",
        lambda: f"{x}[{index_of(world, tensor.shape)}]",
        lambda: f"{x}.view_as({x})",
        lambda: f"{x}.unsqueeze({world.number(-ndim - 1, ndim)})",
        lambda: f"{x}.squeeze({world.pick(('', dim))})",
        lambda: f"{x}.expand({', '.join(map(str, (2, *tensor.shape)))})",
    ]
    # Where operands of different layouts meet, NumPy and PyTorch need not choose the same for the result; whether another
    # shape is a view or a copy depends on it.
    if tensor.is_contiguous():
        forms += [
            lambda: f"{x}.{world.pick(('view', 'reshape'))}({reshaped(world, tensor.numel())})",
            lambda: f"{x}.flatten()",
        ]
    if ndim:
        size = tensor.shape[dim]
        forms += [
            lambda: f"{x}.transpose({dim}, {world.number(0, ndim - 1)})",
            lambda: f"{x}.permute({', '.join(map(str, reversed(range(ndim))))})",
            lambda: f"{x}.narrow({dim}, {min(1, size)}, {max(size - 1, 0)})",
        ]
        if size:
            forms.append(lambda: f"{x}.select({dim}, {world.number(-size, size - 1)})")
    if ndim == 2:
        forms += [lambda: f"{x}.t()", lambda: f"{x}.mT", lambda: f"{x}.T"]
    if tensor.is_complex():
        forms += [lambda: f"{x}.real", lambda: f"{x}.imag"]
    return world.pick(forms)()


def view(world: World) -> str:
    x = world.tensor(inference=True)
    return f"{world.fresh()} = {view_of(world, x)}"


def several_views(world: World) -> str:
    x = world.tensor(lambda t: t.ndim and t.shape[0] in (2, 3))
    size = world[x].shape[0]
    a, b, c = world.fresh(), world.fresh(), world.fresh()
    calls = [f"{x}.unbind()", f"{x}.split(1)", f"{x}.chunk({size})", f"torch.unbind({x})"]
    return f"{a}, {b}{', ' + c if size == 3 else ''} = {world.pick(calls)}"


# --- in-place writes ---------------------------------------------------------------------------------------------


def written(world: World, condition: Callable[[Any], bool] = lambda tensor: True) -> str:
    """The name of some tensor to write to.

    It is no inference tensor outside of that mode: PyTorch writes to those, and then raises the error that it will not.
    """

    def writable(t: Any) -> bool:
        # elements that share memory: PyTorch refuses to write to them, or leaves the result undefined
        return all(step or size < 2 for step, size in zip(t.stride(), t.shape, strict=True)) and condition(t)

    return world.tensor(writable)


def target(world: World, x: str) -> str:
    """A tensor to write to, as the statement names it.

    Of a view, `grad_fn` is looked at first: where it was not looked at since its base got a history, PyTorch takes a view
    that had none for a leaf that requires a gradient, and refuses to write to it.
    """
    return f"{x}.grad_fn; {x}" if world[x]._base is not None and world[x].requires_grad else x


def apart(world: World, x: str, y: str) -> bool:
    """Whether reading y while writing to x is defined: PyTorch refuses or leaves undefined what overlaps in part."""
    a, b = world[x], world[y]
    if a.untyped_storage().data_ptr() != b.untyped_storage().data_ptr() or not a.numel() or not b.numel():
        return True
    return (a.data_ptr(), a.stride(), a.shape) == (b.data_ptr(), b.stride(), b.shape)


def inplace_unary(world: World) -> str:
    x = written(world)
    return f"{target(world, x)}.{unary_name(world, x)}_()"


def inplace_binary(world: World) -> str:
    x = written(world)
    shape = world[x].shape
    y = (
        partner(world, x)
        if world.chance(15)
        else world.tensor(lambda t: fits(world, x)(t) and world.torch.broadcast_shapes(t.shape, shape) == shape)
    )
    if not apart(world, x, y):
        raise Unsuitable
    name = binary_name(world, x, y)
    signs = {"add": "+=", "sub": "-=", "mul": "*=", "div": "/="}
    x = target(world, x)
    return f"{x} {signs[name]} {y}" if world.chance(30) else f"{x}.{name}_({y})"


def inplace_number(world: World) -> str:
    x = written(world)
    value = number(world)
    forms = [f".add_({value})", f".mul_({value})", f" *= {value}", ".zero_()", f".fill_({value})", f".sub_({value})"]
    if is_real(world[x]) and clear_of(world, x, -1, 1):
        forms.append(".clamp_(-1, 1)")
    if is_inexact(world[x]) and largest(world, x) < 20:
        forms.append(".pow_(2)")
    return target(world, x) + world.pick(forms)


def inplace_copy(world: World) -> str:
    x = written(world)
    shape = world[x].shape
    y = world.tensor(lambda t: t.shape == shape or t.ndim == 0)
    if not apart(world, x, y):
        raise Unsuitable
    return f"{target(world, x)}.copy_({y})"


def inplace_index(world: World) -> str:
    x = written(world, lambda t: t.ndim and is_inexact(t))  # else, in PyTorch, integers come to require a gradient
    index = index_of(world, world[x].shape)
    if "None" in index:
        raise Unsuitable
    if world.chance(50):
        return f"{target(world, x)}[{index}] {world.pick(('=', '+=', '*='))} {number(world)}"
    y = world.tensor(lambda t: t.ndim == 0)
    if not apart(world, x, y):
        raise Unsuitable
    # `+=` writes twice, and may give the base of x a history in between: see `target`
    gets_history = world[x]._base is not None and world[y].requires_grad and not world[x].requires_grad
    return f"{target(world, x)}[{index}] {'=' if gets_history else world.pick(('=', '+='))} {y}"


def inplace_pick(world: World) -> str:
    """Writes to elements picked by a mask or by a list of places."""
    x = written(world, lambda t: t.ndim and is_real(t) and t.numel())
    if world.chance(50) and clear_of(world, x, 0):
        index = f"{x} > 0"
    else:
        index = f"torch.tensor([0, {world.number(-1, world[x].shape[0] - 1)}])"
    value = number(world)
    if world.chance(40):
        value = world.tensor(lambda t: t.ndim == 0)
        if not apart(world, x, value):
            raise Unsuitable
    return f"{target(world, x)}[{index}] {world.pick(('=', '+='))} {value}"


def written_view(world: World) -> str:
    """A write to a view without a name."""
    x = written(world)
    return f"{view_of(world, x)}.{world.pick(('mul_(2)', 'add_(1)', 'zero_()', 'neg_()', 'sin_()'))}"


def around_the_graph(world: World) -> str:
    """Writes and changes that the graph does not see, or that leave it."""
    if "inference" in world.mode:  # there `x.data = y` makes x half an inference tensor
        raise Unsuitable
    x = written(world)
    forms = [
        f"{x}.detach().{world.pick(('mul_(2)', 'add_(1)', 'zero_()'))}",
        f"{x}.detach_()",
        f"{target(world, x)}.requires_grad_()",
        f"{world.fresh()} = {x}.data",
        f"del {x}",
    ]
    if world[x].ndim and len({each.dtype for each in world.machine.tensors().values()}) == 1:
        # of 0-d tensors Adjoint saves the number, which stays as it was, and
        # where types are mixed, PyTorch saves an operand as it is, Adjoint as it was cast: a write unseen by the graph shows
        forms.append(f"{x}.data.{world.pick(('mul_(2)', 'add_(1)'))}")
    if not any(each._base is world[x] for each in world.machine.tensors().values()):
        # where there are views of it, later writes end in an internal error of PyTorch's
        forms += [
            f"{target(world, x)}.requires_grad_(False)",
            f"{target(world, x)}.requires_grad = {world.pick(('True', 'False'))}",
        ]
    y = world.tensor(lambda t: t.shape == world[x].shape and t.dtype == world[x].dtype)
    forms.append(f"{x}.data = {y}.detach().clone()")
    return world.pick(forms)


def into_out(world: World) -> str:
    x = world.tensor()
    y = world.tensor(fits(world, x))
    shape = world.torch.broadcast_shapes(world[x].shape, world[y].shape)
    out = written(world, lambda t: t.shape == shape)
    if not (apart(world, out, x) and apart(world, out, y)):
        raise Unsuitable
    return f"torch.{binary_name(world, x, y)}({x}, {y}, out={out})"


# --- gradients ---------------------------------------------------------------------------------------------------


def scalar_of(world: World, x: str) -> str:
    """An expression for a real 0-d tensor made of x, or of x itself where it is one."""
    tensor = world[x]
    if tensor.ndim == 0 and is_real(tensor) and world.chance(50):
        return x
    if tensor.is_complex():
        return f"({x} * {x}).real.sum()" if world.chance(50) else f"{x}.imag.sum()"
    return f"{x}.sum()" if world.chance(60) else f"({x} * {x}).sum()"


def flags(world: World) -> str:
    last = ", create_graph=True" if world.higher else ""
    return world.pick(("", "", ", retain_graph=True", ", retain_graph=True", last, last))


def root(world: World) -> str:
    return world.tensor((lambda t: True) if world.chance(5) else lambda t: t.requires_grad and t.numel())


def backward(world: World) -> str:
    if "inference" in world.mode:  # what is then in .grad are inference tensors
        raise Unsuitable
    x = root(world)
    flag = flags(world)
    if (
        world.chance(30) and not world[x].retains_grad
    ):  # PyTorch keeps the gradient of a root also where no input needs it
        inputs = world.tensor(lambda t: t.requires_grad)
        flag += f", inputs=[{inputs}]"
    if world.chance(30):
        return f"{x}.backward(torch.ones_like({x}){flag})"
    if world.chance(20):
        y = root(world)
        return f"torch.autograd.backward([{scalar_of(world, x)}, {scalar_of(world, y)}]{flag})"
    return f"{scalar_of(world, x)}.backward({flag[2:]})"


def gradient(world: World) -> str:
    if "inference" in world.mode:
        raise Unsuitable
    x, y = root(world), world.tensor(lambda t: t.requires_grad)
    unused = world.pick((", allow_unused=True", ", allow_unused=True", ", materialize_grads=True", ""))
    flag = flags(world)
    if world.chance(40):
        z = world.tensor(lambda t: t.requires_grad)
        return f"{world.fresh()}, {world.fresh()} = copies(torch.autograd.grad({scalar_of(world, x)}, [{y}, {z}]{flag}{unused}))"
    return f"{world.fresh()}, = copies(torch.autograd.grad({scalar_of(world, x)}, {y}{flag}{unused}))"


def about_grad(world: World) -> str:
    """What is done with `.grad` itself."""
    if "inference" in world.mode:  # detach_() then leaves the history of a gradient where it is
        raise Unsuitable
    x = world.tensor(lambda t: t.grad is not None)
    return world.pick(
        (
            f"{world.fresh('g')} = {x}.grad",
            f"{x}.grad = None",
            f"{x}.grad.zero_()",
            f"{x}.grad *= 2",
            f"{x}.grad = {x}.grad.clone()",
            f"{x}.grad.detach_()",
        )
    )


# --- hooks -------------------------------------------------------------------------------------------------------


def hook(world: World) -> str:
    x = world.tensor(lambda t: t.requires_grad)
    function = world.pick(("lambda g: g * 2", "lambda g: None", "lambda g: g.sin()"))
    # `grad_fn` is looked at first: PyTorch 2.13 crashes where a hook is registered on a view whose base was written to since
    # its grad_fn was last looked at
    forms = [
        f"{x}.grad_fn; {world.fresh('h')} = {x}.register_hook({function})",
        f"{x}.grad_fn; {x}.retain_grad()",
        f"{x}.grad_fn; {world.fresh('h')} = {x}.register_post_accumulate_grad_hook(lambda t: t.grad.mul_(0.5) and None)",
    ]
    handles = [name for name in world.machine.names if name[0] == "h"]
    if handles:
        forms.append(f"{world.pick(handles)}.remove()")
    return world.pick(forms)


# --- programs ----------------------------------------------------------------------------------------------------

#: how to make a statement, and how often, relative to the others
STATEMENTS: tuple[tuple[int, Callable[[World], str]], ...] = (
    (2, leaf), (4, unary), (6, binary), (3, with_number), (1, number_first), (1, power), (3, reduction), (3, copy), (1, join),
    (1, matmul), (1, where), (9, view), (1, several_views), (5, inplace_unary), (7, inplace_binary), (5, inplace_number),
    (3, inplace_copy), (5, inplace_index), (2, inplace_pick), (2, written_view), (3, around_the_graph), (1, into_out),
    (6, backward), (5, gradient), (2, about_grad), (3, hook),
)  # fmt: skip
_WEIGHTED = tuple(maker for weight, maker in STATEMENTS for _ in range(weight))

#: what may stand around a statement
MODES = ("torch.no_grad()",) * 5 + ("torch.inference_mode()", "torch.enable_grad()")


def make_program(torch: Any, choices: Choices, length: int, makers: Sequence[Callable] = _WEIGHTED) -> list[str]:
    """A program of some leaves, and of at most `length` statements about them."""
    world = World(torch, choices)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for _ in range(world.number(1, 3)):
            world.add(leaf(world))
        for _ in range(length):
            if not world.number(0, 40):
                break
            world.mode = world.pick(MODES) if world.chance(10) else ""
            try:
                statement = world.pick(makers)(world)
            except Unsuitable:
                continue
            error = world.add(statement)
            if error and "backward(" in statement:
                break  # which leaves had got their gradients by then depends on the order of the pass
    return world.program
