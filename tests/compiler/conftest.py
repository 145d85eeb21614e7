"""Programs for the compiler's tests, traced from functions of a namespace and arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from adjoint.arrays.program import Program
from adjoint.arrays.traced import TracedArray, recording, traced
from adjoint.compiler.build import build
from adjoint.compiler.runtime import Executable


def _trace(function: Callable, *arrays: np.ndarray) -> Program:
    """The program of `function(xp, *arrays)`, which may return one array or a tuple of them, and write to its operands."""
    program = Program()
    with recording(program):
        inputs = [TracedArray(program.add_input(x.shape, x.dtype)) for x in arrays]
        returned = function(traced, *inputs)
        outputs = returned if isinstance(returned, tuple) else (returned,)
        program.outputs = [x.value if isinstance(x, TracedArray) else x for x in outputs]
        changed = [x.value for x in inputs]
    program.updates = {
        number: new for number, (new, old) in enumerate(zip(changed, program.inputs, strict=True)) if new is not old
    }
    return program


def _compiled(function: Callable, *arrays: np.ndarray) -> Executable:
    """The function, compiled for arrays like these, strides included."""
    program = _trace(function, *arrays)
    strides = {
        value: tuple(step // x.itemsize for step in x.strides) for value, x in zip(program.inputs, arrays, strict=True)
    }
    return Executable(build(program, strides))


@pytest.fixture(scope="session")
def trace() -> Callable[..., Program]:
    return _trace


@pytest.fixture(scope="session")
def compiled() -> Callable[..., Executable]:
    return _compiled


@pytest.fixture(scope="session")
def run() -> Callable[..., list[Any]]:
    """Trace, compile and run."""
    return lambda function, *arrays: _compiled(function, *arrays)(*arrays)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)
