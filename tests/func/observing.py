"""What the tests of transforms compare of a result: its form, and of each tensor the type, the elements and whether it
requires a gradient. Which node made it, or whether it is a view, is each library's own here."""

import functools
import warnings
from collections.abc import Callable
from typing import Any


def seen(value: Any, digits: int | None = None) -> Any:
    """`value` as plain data; with `digits`, elements are rounded: for programs that add and subtract a lot."""
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        return {
            "type": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
            "values": _rounded(value.detach().tolist(), digits),
            "requires_grad": value.requires_grad,
        }
    if isinstance(value, dict):
        return {key: seen(each, digits) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [type(value).__name__, *(seen(each, digits) for each in value)]
    return value


def _rounded(elements: Any, digits: int | None) -> Any:
    if digits is None:
        return elements
    return [_rounded(each, digits) for each in elements] if isinstance(elements, list) else round(elements, digits)


def quiet(program: Callable) -> Callable:
    """The program without its warnings: PyTorch's first use of forward mode warns of its own internals."""

    @functools.wraps(program)
    def run(torch: Any) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return program(torch)

    return run
