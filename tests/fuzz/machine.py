"""Runs a program one statement at a time, and writes down all that a user could see after each."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from types import CodeType
from typing import Any


@lru_cache(4096)
def compiled(statement: str) -> CodeType:
    return compile(statement, "<program>", "exec")


#: What every program starts with. Gradients are copied before they get a name: whether those that the engine returns
#: are views of something, and how often it wrote to them on the way, is its own affair.
PRELUDE = """\
def copies(gradients):
    return [g if g is None else g.clone() for g in gradients]
"""


class Machine:
    """A library, and the names that a program has bound so far.

    The names t0, t1, ... are tensors of all kinds, g0, g1, ... what was found in some tensor's `.grad`.
    """

    def __init__(self, torch: Any) -> None:
        self.torch = torch
        self.names: dict[str, Any] = {"torch": torch}
        self._first_versions: dict[int, int] = {}
        exec(PRELUDE, self.names)

    def execute(self, statement: str) -> str | None:
        """Run one statement; the type and the first line of the error that it raises, or None."""
        try:
            exec(compiled(statement), self.names)
        except Exception as error:
            return f"{type(error).__name__}: {str(error).partition(chr(10))[0]}"
        return None

    def tensors(self) -> dict[str, Any]:
        return {name: value for name, value in self.names.items() if isinstance(value, self.torch.Tensor)}

    def observe(self) -> dict[str, dict[str, Any]]:
        """What can be seen of each tensor."""
        tensors = self.tensors()
        owners: dict[int, str] = {}
        for name, tensor in tensors.items():
            owners.setdefault(id(tensor), name)
        return {
            name: self._describe_gradient(tensor) if name[0] == "g" else self._describe(tensor, owners)
            for name, tensor in tensors.items()
        }

    def _describe_gradient(self, tensor: Any) -> dict[str, Any]:
        version = version_of(tensor)
        if isinstance(version, int):
            version -= self._first_versions.setdefault(id(tensor), version)  # the names keep the tensors alive
        return {"values": elements(tensor), "version": version, "requires_grad": tensor.requires_grad}

    def _describe(self, tensor: Any, owners: dict[int, str]) -> dict[str, Any]:
        seen: dict[str, Any] = {
            "is": owners[id(tensor)],
            "values": elements(tensor),
            "version": version_of(tensor),
            "requires_grad": tensor.requires_grad,
            "grad_fn": attempt(lambda: None if tensor.grad_fn is None else tensor.grad_fn.name()),
            "is_leaf": attempt(lambda: tensor.is_leaf),
            "output_nr": attempt(lambda: tensor.output_nr),
            "base": None if tensor._base is None else owners.get(id(tensor._base), "unnamed"),
        }
        if seen["is_leaf"] is False:  # a leaf that did retain its gradient, before detach_(), still says so in PyTorch
            seen["retains_grad"] = tensor.retains_grad
        if seen["is_leaf"] is True or seen.get("retains_grad"):
            gradient = tensor.grad
            seen["grad"] = gradient if gradient is None else (*elements(gradient), gradient.requires_grad)
        return seen


def attempt(look: Any) -> Any:
    try:
        return look()
    except Exception as error:
        return type(error).__name__


def version_of(tensor: Any) -> Any:
    return attempt(lambda: tensor._version)


def elements(tensor: Any) -> tuple:
    return str(tensor.dtype), tuple(tensor.shape), flat(tensor.detach().tolist())


def flat(values: Any) -> list:
    if not isinstance(values, list):
        return [values]
    result: list = []
    for each in values:
        result += flat(each) if isinstance(each, list) else [each]
    return result


def run(torch: Any, program: Sequence[str], every_step: bool) -> list[tuple]:
    """The error of each statement, and what can be seen after it: after all of them, or at the end only."""
    machine = Machine(torch)
    seen = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for place, statement in enumerate(program):
            error = machine.execute(statement)
            look = every_step or place == len(program) - 1
            seen.append((error, machine.observe() if look else None))
    return seen


def as_text(program: Sequence[str]) -> str:
    """A program as the text of a file that Python runs."""
    return "\n".join(("import torch", PRELUDE, *program))


# --- comparing ---------------------------------------------------------------------------------------------------

#: how many units in the last place a value may be apart, relative to the largest number met: programs subtract large
#: numbers from large ones
_UNITS = 256


def difference(program: Sequence[str], ours: list[tuple], theirs: list[tuple]) -> str | None:
    """The first statement after which two runs differ, and in what; None where they do not."""
    largest = 1.0
    unit = _UNITS * 2.0**-52
    for place, (statement, (our_error, ours_seen), (their_error, theirs_seen)) in enumerate(
        zip(program, ours, theirs, strict=True)
    ):
        at = f"statement {place}, {statement}"
        if (our_error or "").partition(":")[0] != (their_error or "").partition(":")[0]:
            return f"{at}\n    error: {our_error}\n  PyTorch: {their_error}"
        if theirs_seen is None:
            continue
        if "backward(" in statement and their_error:  # the program ends with it: see make_program
            return None
        if ours_seen.keys() != theirs_seen.keys():
            return f"{at}\n    names: {list(ours_seen)}\n  PyTorch: {list(theirs_seen)}"
        for look in theirs_seen.values():
            for part in (look["values"], look.get("grad")):
                if part:
                    largest = max(largest, *(abs(v) for v in part[2] if abs(v) < math.inf), 0)
                    if part[0] in ("torch.float32", "torch.complex64"):
                        unit = _UNITS * 2.0**-23
        for name, look in theirs_seen.items():
            for aspect, theirs_value in look.items():
                ours_value = ours_seen[name].get(aspect, "nothing")
                if not alike(ours_value, theirs_value, largest * unit):
                    return f"{at}\n    {name}.{aspect}: {ours_value}\n  PyTorch: {theirs_value}"
    return None


def shortened(program: Sequence[str], differs: Callable[[Sequence[str]], bool]) -> Sequence[str]:
    """A program that differs, without the statements without which it differs as well."""
    for place in reversed(range(len(program))):
        without = [*program[:place], *program[place + 1 :]]
        if without and differs(without):
            program = without
    return program


def alike(ours: Any, theirs: Any, tolerance: float) -> bool:
    if not (isinstance(theirs, tuple) and isinstance(ours, tuple)):
        return ours == theirs
    return (
        ours[:2] == theirs[:2]
        and ours[3:] == theirs[3:]
        and all(close(a, b, tolerance) for a, b in zip(ours[2], theirs[2], strict=True))
    )


def close(a: Any, b: Any, tolerance: float) -> bool:
    return a == b or (a != a and b != b) or abs(a - b) <= tolerance
