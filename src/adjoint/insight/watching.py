"""Watching a function run: the operands of its operations, and the names that its variables had."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Sequence
from types import FrameType
from typing import Any

from adjoint.core import modes
from adjoint.core.graph import Node
from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor
from adjoint.insight.naming import Names, is_ours


class Watch:
    """While this is open: notes the operands of each operation, and the local tensors of each function that returns."""

    def __init__(self) -> None:
        #: the operands that a node was made from, by the node's identity
        self.operands: dict[int, Sequence[Any]] = {}
        self._scopes: list[dict[str, Any]] = []
        self._results: list[Any] = []  # kept, so that no identity is used twice

    def names(self) -> Names:
        """Names from inside of what was watched; those of the outermost function come first."""
        names = Names()
        for scope in reversed(self._scopes):
            names.add_all(scope)
        return names

    def __enter__(self) -> Watch:
        self._outer = modes.state.observers
        modes.set_mode("observers", (*self._outer, self))
        self._profiler = sys.getprofile()
        sys.setprofile(self._profile)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(self._profiler)
        modes.set_mode("observers", self._outer)

    def operation(self, _primitive: Primitive, operands: Sequence[Any], _params: dict | None, call: Callable) -> Any:
        """Run one operation, and note what it was applied to."""
        result = call()
        for tensor in result if isinstance(result, tuple) else (result,):
            node = tensor.grad_fn
            if node is not None:
                self.operands[id(node)] = tuple(operands)
                self._results.append(tensor)
        return result

    def backward(self, _node: Node, call: Callable) -> Any:
        """Run the rules of one operation, in a backward pass that the function makes itself."""
        return call()

    def _profile(self, frame: FrameType, event: str, _argument: Any) -> None:
        if event == "return" and not is_ours(frame.f_code):
            self._scopes.append({name: value for name, value in frame.f_locals.items() if isinstance(value, Tensor)})


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
