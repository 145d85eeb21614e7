"""Programs that are run on Adjoint and on PyTorch: what they do is written down as plain data, and compared.

A program is a function of one parameter, `torch`, the library that it is written for. What it returns, warns and raises
is its observation. A test module collects its programs and compares them with a recording:

    program = Programs("views_inplace")

    @program
    def a_view_shares_memory(torch):
        x = torch.zeros(2)
        x[0] = 1
        return x

    test_program = program.test()

The recordings lie in golden/programs, one file for each name; `python -m tests.golden.record_programs` makes them with
PyTorch. tests/conformance/test_programs.py compares the same programs with PyTorch itself.
"""

from __future__ import annotations

import json
import math
import re
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import adjoint

RECORDINGS = Path(__file__).parent / "golden" / "programs"

Program = Callable[[Any], Any]


class Programs:
    """The programs of one test module, in order; used as a decorator it adds one."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.programs: dict[str, Program] = {}

    def __call__(self, program: Program) -> Program:
        name = program.__name__.strip("_")
        assert name not in self.programs, f"there are two programs by the name {name}"
        self.programs[name] = program
        return program

    def __iter__(self) -> Iterator[tuple[str, Program]]:
        return iter(self.programs.items())

    @property
    def path(self) -> Path:
        return RECORDINGS / f"{self.name}.json"

    def test(self) -> Callable:
        """A test of each program on Adjoint against what was recorded from PyTorch."""
        recorded = json.loads(self.path.read_text()) if self.path.exists() else {}

        @pytest.mark.parametrize("name", list(self.programs))
        def test_program(name: str) -> None:
            assert name in recorded, f"{name} is not recorded yet: run `python -m tests.golden.record_programs`"
            assert not differences(observe(self.programs[name], adjoint), recorded[name])

        return test_program


# --- observing ---------------------------------------------------------------------------------------------------

#: warnings that come once in a process, so that no program can count on them
SAID_ONCE = ("will create a reference cycle between the parameter and its gradient",)


def observe(program: Program, torch: Any) -> dict[str, Any]:
    """What a program returns, or the error that ends it, and its warnings; as it looks after a trip through JSON."""
    seen: dict[str, Any] = {}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            seen["returns"] = plain(program(torch))
        except Exception as error:
            seen["raises"] = describe_error(error)
    warned = [f"{each.category.__name__}: {first_line(each.message)}" for each in caught]
    warned = [each for each in warned if not any(words in each for words in SAID_ONCE)]
    if warned:
        seen["warns"] = warned
    return json.loads(json.dumps(seen))


def describe_error(error: BaseException) -> str:
    """An error's type and the first line of what it says; the rest is each library's own."""
    return f"{type(error).__name__}: {first_line(error)}"


def first_line(message: Any) -> str:
    text = str(message).partition("\n")[0]
    return re.sub(r" \(Triggered internally at .*", "", text)  # where PyTorch's C++ warns


def attempt(action: Callable[[], Any]) -> Any:
    """What a call returns, or the error that it raises as text: for programs that go on after an error."""
    try:
        return action()
    except Exception as error:
        return describe_error(error)


def plain(value: Any) -> Any:
    """A value as JSON data; of a tensor, all that its user can see of its elements and its place in the graph."""
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        return describe_tensor(value)
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, (tuple, list)):
        return [plain(each) for each in value]
    if isinstance(value, complex):
        return {"complex": [value.real, value.imag]}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return repr(value)


def describe_tensor(tensor: Any) -> dict[str, Any]:
    seen = {
        "type": str(tensor.dtype).removeprefix("torch."),
        "values": plain(tensor.detach().tolist()),
        "version": attempt(lambda: tensor._version),
        "requires_grad": tensor.requires_grad,
        "is_leaf": attempt(lambda: tensor.is_leaf),
        "grad_fn": attempt(lambda: name_of(tensor.grad_fn)),
        "is_view": tensor._is_view(),
    }
    if not tensor.numel():
        seen["shape"] = list(tensor.shape)
    if seen["is_leaf"] is True or tensor.retains_grad:
        gradient = tensor.grad
        seen["grad"] = gradients(gradient)
    return seen


def gradients(found: Any) -> Any:
    """What counts of one or several gradients, which may be None.

    Whether those that the engine returns are views, and how often it wrote to them on the way, is its own affair.
    """
    if isinstance(found, (tuple, list)):
        return [gradients(each) for each in found]
    if found is None:
        return None
    kind = str(found.dtype).removeprefix("torch.")
    return {"type": kind, "values": plain(found.detach().tolist()), "requires_grad": found.requires_grad}


def name_of(node: Any) -> str | None:
    return None if node is None else node.name()


# --- comparing ---------------------------------------------------------------------------------------------------

#: the distance between 1 and the next number, by the names of types
EPSILON = {
    "float64": 2.0**-52, "complex128": 2.0**-52, "float32": 2.0**-23, "complex64": 2.0**-23, "float16": 2.0**-10,
    "bfloat16": 2.0**-7,
}  # fmt: skip
UNITS = 8  # how many units in the last place two floating-point numbers may differ, after a few operations


def differences(ours: Any, theirs: Any, path: str = "", epsilon: float = EPSILON["float32"]) -> list[str]:
    """Where two observations differ, in words."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        epsilon = EPSILON.get(theirs.get("type"), 0.0) if "type" in theirs else epsilon  # type: ignore[arg-type]
        keys = [*theirs, *(key for key in ours if key not in theirs)]
        return [
            text
            for key in keys
            for text in differences(ours.get(key, "nothing"), theirs.get(key, "nothing"), f"{path}.{key}", epsilon)
        ]
    if isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [text for n, (a, b) in pairs for text in differences(a, b, f"{path}[{n}]", epsilon)]
    if isinstance(ours, float) and isinstance(theirs, float):
        same = close(ours, theirs, epsilon)
    else:
        same = ours == theirs and type(ours) is type(theirs)
    return [] if same else [f"{path.lstrip('.')}: {ours!r}, PyTorch: {theirs!r}"]


def close(a: float, b: float, epsilon: float) -> bool:
    if a == b or (a != a and b != b):
        return True
    return math.isfinite(a) and math.isfinite(b) and abs(a - b) <= UNITS * epsilon * max(abs(a), abs(b))
