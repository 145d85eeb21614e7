"""Watching a function run: the operands of its operations, and the names that its variables had."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType, MappingProxyType
from typing import Any

from adjoint.core import modes
from adjoint.core.callers import caller, is_ours
from adjoint.core.graph import Node, node_of
from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor
from adjoint.insight.naming import Names, names_in
from adjoint.insight.placing import lines_in
from adjoint.insight.source import SourceLine, line_at

ROOT = ("y", "result")  #: names of a result that has none


class Watch:
    """While this is open: notes the operands of each operation, and the local tensors of each function that returns."""

    def __init__(self) -> None:
        #: the operands that a node was made from, by the node's identity
        self.operands: dict[int, Sequence[Any]] = {}
        self._places: dict[int, tuple[str, int]] = {}  # where it was called
        self._lines: dict[int, SourceLine] = {}  # of Functions of the user's own, which nobody observes
        self._scopes: list[dict[str, Any]] = []
        self._results: list[Any] = []  # kept, so that no identity is used twice

    def names(self) -> Names:
        """Names from inside of what was watched; those of the outermost function come first."""
        names = Names()
        for scope in reversed(self._scopes):
            names.add_all(scope)
        return names

    def lines(self) -> dict[int, SourceLine]:
        """The line that called each operation, by the identity of its node."""
        return self._lines | {node: line_at(*place) for node, place in self._places.items()}

    def __enter__(self) -> Watch:
        self._outer = modes.state.observers
        modes.set_mode("observers", (*self._outer, self))
        self._profiler = sys.getprofile()
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        if self._profiler is None or callable(self._profiler):
            sys.setprofile(self._profiler)
        else:  # cProfile's, which switches itself on
            sys.setprofile(None)
            self._profiler.enable()
        modes.set_mode("observers", self._outer)

    def operation(self, _primitive: Primitive, operands: Sequence[Any], _params: dict | None, call: Callable) -> Any:
        """Run one operation, and note what it was applied to."""
        result = call()
        for tensor in result if isinstance(result, tuple) else (result,):
            node = tensor.grad_fn
            if node is not None:
                self.operands[id(node)] = tuple(operands)
                frame = caller()
                self._places[id(node)] = frame.f_code.co_filename, frame.f_lineno
                self._results.append(tensor)
        return result

    def backward(self, _node: Node, call: Callable) -> Any:
        """Run the rules of one operation, in a backward pass that the function makes itself."""
        return call()

    def _profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and not is_ours(frame.f_code):
            scope = {name: value for name, value in frame.f_locals.items() if isinstance(value, Tensor)}
            self._scopes.append(scope)
            if any(_is_made_by_the_user(tensor) for tensor in scope.values()):
                self._lines |= lines_in(frame)


def _is_made_by_the_user(tensor: Tensor) -> bool:
    """Whether a Function of the user's own made a tensor."""
    node, _ = node_of(tensor._node)
    return node is not None and node.plan is None


class Watched:
    """A function's result, and what was seen while it ran.

    `names` are those of its `inputs`, of the variables inside of it, and of the caller's; `root_names` are names for the
    result, where it has none.
    """

    def __init__(
        self,
        function: Callable[..., Any],
        arguments: Sequence[Any],
        keywords: Mapping[str, Any] = MappingProxyType({}),
        names: Names | None = None,
    ) -> None:
        self.names = names or Names()
        positional = zip(parameter_names(function, len(arguments)), arguments, strict=False)
        for name, each in (*positional, *keywords.items()):
            if isinstance(each, Tensor):
                self.names.add(name, each)
        watch = Watch()
        with watch, modes.mode(grad_enabled=True):
            self.result = function(*arguments, **keywords)
        self.names.then(watch.names()).then(names_in(caller()))
        self.operands = watch.operands
        code = getattr(inspect.unwrap(function), "__code__", None)
        self.lines = (
            {} if code is None or is_ours(code) else watch.lines()
        )  # in our own files are no lines of the user's
        own = getattr(function, "__name__", "")
        self.root_names = (own, *ROOT) if own.isidentifier() else ROOT


def parameter_names(function: Callable, count: int) -> list[str]:
    """The names of a function's first `count` positional parameters, as far as it tells them."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    names: list[str] = []
    for parameter in parameters:
        if parameter.kind is parameter.VAR_POSITIONAL:
            names += [f"{parameter.name}[{place}]" for place in range(count - len(names))]
        elif parameter.kind is not parameter.KEYWORD_ONLY:
            names.append(parameter.name)
    return names[:count]


def whole_numbers(function: Callable) -> set[str]:
    """The names of a function's parameters that are meant to be whole numbers, by their annotations or defaults."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return set()
    return {
        each.name
        for each in parameters
        if each.annotation in (int, bool, "int", "bool") or isinstance(each.default, int)
    }
