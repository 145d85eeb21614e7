"""What a line of code does, written down: with PyTorch it is a recording, with Adjoint it is compared with one.

A case is a piece of source text whose last line is an expression, written for `torch` and the tensors of `make_inputs`.
It is run twice: as it stands, and, where it names floating-point inputs, with these requiring gradients and a backward
pass from its result. An observation holds, as plain JSON, all that a user can see of the two.
"""

from __future__ import annotations

import ast
import math
import warnings
from collections.abc import Callable
from functools import cache
from types import CodeType
from typing import Any

import numpy as np


def make_inputs(torch: Any) -> dict[str, Any]:
    """The tensors that cases are written for, new for each run."""
    t = torch.tensor
    half = [[0.5, -1.25, 2.0], [-0.375, 1.75, -2.5]]
    return {
        "s": t(1.5),
        "v": t([0.5, -1.25, 2.0]),
        "x": t([[0.5, -1.25, 2.0], [-0.3, 1.75, -1.6]]),
        "y": t([[1.5, 0.4, -0.8], [2.2, -1.1, 0.9]]),
        "p": t([[0.5, 1.25, 2.0], [0.3, 1.75, 2.6]]),
        "col": t([[0.7], [-1.3]]),
        "tied": t([[1.0, 2.0, 2.0], [2.0, 0.0, -1.0]]),
        "special": t([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0]),
        "m": t([[0.1, -0.2, 0.3, 0.4], [1.5, 0.6, -0.7, 0.8], [0.9, 1.0, 1.1, -1.2]]),
        "b": t([[[0.2, 0.4, 0.8], [-0.6, 1.0, 0.3]], [[1.1, -0.9, 0.7], [0.5, 0.1, 1.3]]]),
        "c": t([[[0.5], [1.5], [-0.25]], [[2.0], [-1.0], [0.75]]]),
        "cube": t([[[float(8 * i + 4 * j + k) for k in range(4)] for j in range(3)] for i in range(2)]),
        "turned": t([[0.5, -1.25], [2.0, -0.3], [1.75, -2.6]]).t(),
        "e": torch.zeros(0, 3),
        "d": t([[0.5, -1.25, 2.0], [-0.3, 1.75, -1.6]], dtype=torch.float64),
        "ds": t(0.1, dtype=torch.float64),
        "h": t(half, dtype=torch.float16),
        "h2": t([[1.5, 0.4, -0.8], [2.2, -1.1, 0.9]], dtype=torch.float16),
        "bf": t(half, dtype=torch.bfloat16),
        "bf2": t([[1.5, 0.4, -0.8], [2.2, -1.1, 0.9]], dtype=torch.bfloat16),
        "z": t([[1 + 2j, -0.5 + 1j, 2 - 1j], [0.5j, -1 + 0j, 3 - 2j]]),
        "w": t([[0.5 - 1j, 2 + 0.25j, -1 - 1j], [1 + 1j, 0.5 + 2j, -2 + 0.5j]]),
        "i": t([[3, -2, 7], [0, 5, -4]]),
        "j": t([[2, 3, -3], [4, -1, 2]]),
        "i32": t([[3, -2, 7], [0, 5, -4]], dtype=torch.int32),
        "u": t([[3, 200, 7], [0, 5, 255]], dtype=torch.uint8),
        "u2": t([[2, 100, 1], [4, 3, 9]], dtype=torch.uint8),
        "n": t(5),
        "ix": t([0, 2, 1]),
        "k": t([[True, False, True], [False, False, True]]),
        "k2": t([[True, True, False], [False, True, True]]),
        "kv": t([True, False, True]),
    }  # fmt: skip


def modules(torch: Any) -> dict[str, Any]:
    return {"torch": torch, "np": np, "math": math, "F": torch.nn.functional}


@cache
def compiled(case: str) -> tuple[CodeType, CodeType, frozenset[str]]:
    """The statements of a case, its last expression, and the names that it uses."""
    tree = ast.parse(case)
    *statements, last = tree.body
    assert isinstance(last, ast.Expr), f"the last line of a case is an expression: {case}"
    names = frozenset(node.id for node in ast.walk(tree) if isinstance(node, ast.Name))
    body = compile(ast.Module(statements, []), "<case>", "exec")
    return body, compile(ast.Expression(last.value), "<case>", "eval"), names


def observe(torch: Any, case: str) -> dict[str, Any]:
    """All that can be seen of a case, run with this `torch`."""
    _, _, names = compiled(case)
    inputs = {name: value for name, value in make_inputs(torch).items() if name in names}
    seen = {"plain": attempt(lambda: describe(run(torch, case, inputs), inputs))}
    floating = [name for name, value in inputs.items() if value.is_floating_point() or value.is_complex()]
    if floating:
        inputs = {name: value for name, value in make_inputs(torch).items() if name in names}
        for name in floating:
            inputs[name].requires_grad_()
        seen["recorded"] = attempt(lambda: with_gradients(torch, case, inputs))
        if "error" in seen["plain"] and seen["recorded"] == seen["plain"]:
            del seen["recorded"]
    return seen


def attempt(action: Callable[[], dict]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return action()
        except Exception as error:
            return {"error": type(error).__name__, "says": str(error).partition("\n")[0]}


def run(torch: Any, case: str, inputs: dict[str, Any]) -> Any:
    body, last, _ = compiled(case)
    names = {**modules(torch), **inputs}
    exec(body, names)
    return eval(last, names)


def with_gradients(torch: Any, case: str, inputs: dict[str, Any]) -> dict[str, Any]:
    result = run(torch, case, inputs)
    seen = describe(result, inputs)
    roots = [each for each in tensors_in(result) if each.requires_grad]
    cotangents = [cotangent(torch, root) for root in roots]
    leaves = {name: value for name, value in inputs.items() if value.requires_grad}
    if roots and all(root.grad_fn is not None for root in roots):
        torch.autograd.backward(roots, cotangents)
        seen["gradients"] = {name: elements(leaf.grad) for name, leaf in leaves.items()}
    return seen


def tensors_in(result: Any) -> list[Any]:
    if hasattr(result, "grad_fn"):
        return [result]
    return [part for each in result for part in tensors_in(each)] if isinstance(result, tuple | list) else []


def cotangent(torch: Any, root: Any) -> Any:
    """Numbers without a pattern, in the shape and type of a result."""
    numbers = np.cos(np.arange(root.numel()) * 1.7 + 0.3).reshape(tuple(root.shape))
    if root.is_complex():
        numbers = numbers + 1j * np.sin(np.arange(root.numel()) * 0.9 + 1.0).reshape(tuple(root.shape))
    return torch.tensor(numbers, dtype=root.dtype)


def describe(value: Any, inputs: dict[str, Any]) -> dict[str, Any]:
    if hasattr(value, "grad_fn"):
        return {
            **elements(value),
            "strides": list(value.stride()),
            "requires_grad": value.requires_grad,
            "grad_fn": None if value.grad_fn is None else type(value.grad_fn).__name__,
            "view": value._is_view(),
            "is": [name for name, other in inputs.items() if value is other],
            "shares": [name for name, other in inputs.items() if shares_memory(value, other)],
        }
    if isinstance(value, tuple | list) and type(value).__name__ != "Size":
        return {"type": type(value).__name__, "items": [describe(each, inputs) for each in value]}
    if isinstance(value, np.ndarray):
        return {"array": str(value.dtype), "shape": list(value.shape), "values": flat(value.tolist())}
    if isinstance(value, complex):
        return {"type": "complex", "value": [value.real, value.imag]}
    if isinstance(value, bool | int | float | str) or value is None:
        return {"type": type(value).__name__, "value": value}
    return {"type": type(value).__name__, "value": repr(value)}


def elements(value: Any) -> dict[str, Any] | None:
    if value is None:
        return None
    numbers = flat(value.detach().tolist())
    return {"tensor": str(value.dtype), "shape": list(value.shape), "values": numbers}


def flat(values: Any) -> list:
    if isinstance(values, list):
        return [number for each in values for number in flat(each)]
    return [values.real, values.imag] if isinstance(values, complex) else [values]


def shares_memory(a: Any, b: Any) -> bool:
    if not a.numel() or not b.numel() or "bfloat16" in f"{a.dtype} {b.dtype}":
        return False
    a, b = (each.detach().resolve_conj().resolve_neg().numpy() for each in (a, b))
    return np.may_share_memory(a, b)


# --- comparing ---------------------------------------------------------------------------------------------------

#: the distance between 1 and the next number, by the names of types
EPSILON = {
    "float64": 2.0**-52, "complex128": 2.0**-52, "float32": 2.0**-23, "complex64": 2.0**-23,
    "float16": 2.0**-10, "bfloat16": 2.0**-7,
}  # fmt: skip
UNITS = 4  # how many units in the last place two floating-point numbers may differ


def differences(ours: Any, theirs: Any, path: str = "", epsilon: float = 0.0) -> list[str]:
    """Where two observations differ, in words; floating-point numbers by more than a few units in the last place.

    The unit of a gradient is that of its own type or that of the result, whichever is coarser.
    """
    if isinstance(theirs, dict) and isinstance(ours, dict):
        kind = str(theirs.get("tensor") or theirs.get("array", ""))
        epsilon = max(epsilon, EPSILON.get(kind.removeprefix("torch."), 0.0))
        found = []
        for key in [*theirs, *(key for key in ours if key not in theirs)]:
            a, b = ours.get(key, "nothing"), theirs.get(key, "nothing")
            if key == "values" and isinstance(a, list) and isinstance(b, list):
                if not close(a, b, epsilon, "complex" in kind):
                    found.append(f"{path}{key}: {a}, PyTorch: {b}")
            elif key == "value" and isinstance(a, float) and isinstance(b, float):
                if not close([a], [b], EPSILON["float32"], False):
                    found.append(f"{path}{key}: {a}, PyTorch: {b}")
            else:
                found += differences(a, b, f"{path}{key}.", epsilon)
        return found
    if isinstance(theirs, list) and isinstance(ours, list) and len(ours) == len(theirs):
        pairs = enumerate(zip(ours, theirs, strict=True))
        return [each for place, (a, b) in pairs for each in differences(a, b, f"{path}{place}.", epsilon)]
    return [] if ours == theirs and type(ours) is type(theirs) else [f"{path[:-1]}: {ours}, PyTorch: {theirs}"]


def close(ours: list, theirs: list, epsilon: float, is_complex: bool) -> bool:
    """Whether numbers agree: exactly, or floating-point ones to a few units in the last place.

    The sign of a zero counts, since it is printed. Complex numbers, given by their two parts, are compared as a whole.
    """
    if len(ours) != len(theirs):
        return False
    if is_complex:
        ours, theirs = (list(zip(each[::2], each[1::2], strict=True)) for each in (ours, theirs))
        return all(close_complex(a, b, epsilon) for a, b in zip(ours, theirs, strict=True))
    return all(close_real(a, b, epsilon) for a, b in zip(ours, theirs, strict=True))


def close_real(a: Any, b: Any, epsilon: float) -> bool:
    if not (isinstance(a, float) and isinstance(b, float)):
        return a == b and type(a) is type(b)
    if a == b:
        return a != 0 or math.copysign(1, a) == math.copysign(1, b)
    return (math.isnan(a) and math.isnan(b)) or abs(a - b) <= UNITS * epsilon * max(abs(a), abs(b)) < math.inf


def close_complex(a: tuple, b: tuple, epsilon: float) -> bool:
    parts = list(zip(a, b, strict=True))
    if all(math.isfinite(part) for pair in parts for part in pair):
        return math.dist(a, b) <= UNITS * epsilon * math.hypot(*b)
    return all(p == q or (math.isnan(p) and math.isnan(q)) for p, q in parts)
