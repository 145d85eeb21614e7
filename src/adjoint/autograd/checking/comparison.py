"""Comparing the Jacobians of both modes with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from adjoint.autograd.checking import differences
from adjoint.autograd.checking.demands import check_absent_tangents
from adjoint.autograd.checking.derivatives import (
    Rows,
    as_tuple,
    is_differentiable,
    pushed_forward,
    unit_cotangents,
    wants_gradient,
    zero_directions,
)
from adjoint.autograd.checking.failures import GradcheckError
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.complex import imag, real
from adjoint.ops.conversion import clone, detach, requires_grad_

Function = Callable[..., Any]


@dataclass(frozen=True)
class Comparison:
    """The comparison of Jacobians with finite differences, with its tolerances."""

    eps: float
    atol: float
    rtol: float
    nondet_tol: float
    check_grad_dtypes: bool
    fast: bool

    def reverse(self, func: Function, inputs: tuple, results: tuple) -> None:
        """Compare the Jacobians of reverse mode, of both parts of complex outputs."""
        if not any(result.is_complex() for result in results):
            self._reverse(func, inputs, results, "")
            return
        for name, part in (("imaginary", imag), ("real", real)):

            def part_of_func(*values: Any, part: Function = part) -> tuple:
                return tuple(part(each) if each.is_complex() else each for each in as_tuple(func(*values)))

            self._reverse(part_of_func, inputs, part_of_func(*inputs), name)

    def _reverse(self, func: Function, inputs: tuple, results: tuple, part: str) -> None:
        points = [x for x in inputs if wants_gradient(x)]
        places = [place for place, result in enumerate(results) if result.requires_grad]
        values = values_of(func, inputs)
        if self.fast:
            vectors = _Vectors()
            directions = [vectors.direction(point) for point in points]
            weights = {place: vectors.unit(results[place]) for place in places}
            numerical = [
                differences.pushed_forward(values, x, u, self.eps) for x, u in zip(points, directions, strict=True)
            ]
        else:
            numerical = [differences.jacobians(values, x, self.eps) for x in points]
        if not places:
            self._expect_zeros(numerical)
        for number, place in enumerate(places):
            output = results[place]
            said = f"While considering the {part} part of complex outputs only, " if part else ""
            rows = self._rows(output, points, [weights[place]] if self.fast else unit_cotangents(output))
            for index, matrix in enumerate(rows):
                said_of = f"{said}Jacobian mismatch for output {number} with respect to input {index},"
                if not self.fast:
                    self._compare(matrix, numerical[index][place], said_of)
                    continue
                u, v = directions[index], weights[place]
                product = _times(matrix[:, 0], u)
                if not self._close(product, numerical[index][place] @ v, self.atol * np.sum(u) * np.sum(v)):
                    whole = self._rows(output, points, unit_cotangents(output))[index]
                    slow = differences.jacobians(values, points[index], self.eps)[place]
                    raise _mismatch(said_of, product, numerical[index][place] @ v, whole, slow)

    def _rows(self, output: Tensor, points: list[Tensor], cotangents: list[np.ndarray]) -> list[np.ndarray]:
        first, second = Rows(output, points, cotangents), Rows(output, points, cotangents)
        if not first.types_fit and self.check_grad_dtypes:
            raise GradcheckError("Gradient has dtype mismatch")
        if not first.sizes_fit:
            raise GradcheckError("Analytical gradient has incorrect size")
        if not first.agrees_with(second, self.nondet_tol):
            raise GradcheckError(
                "Backward is not reentrant, i.e., running backward with same input and grad_output multiple times gives "
                "different values, although analytical gradient matches numerical gradient."
                f"The tolerance for nondeterminism was {self.nondet_tol}.\n"
                "If the operation is known not to be deterministic, say by how much in nondet_tol=."
            )
        return first.matrices

    def _expect_zeros(self, numerical: list[list[np.ndarray]]) -> None:
        tolerance = self.nondet_tol if self.fast else 0
        if any((np.abs(matrix) > tolerance).any() for matrices in numerical for matrix in matrices):
            raise GradcheckError("Numerical gradient for function expected to be zero")

    def forward(self, func: Function, inputs: tuple, check_absent: bool) -> None:
        """Compare the Jacobians of forward mode, with respect to both parts of complex inputs."""
        if not any(isinstance(x, Tensor) and x.is_complex() for x in inputs):
            self._forward(func, inputs, "", check_absent)
            return
        for name, part, combined in (("imaginary", imag, _with_imaginary), ("real", real, _with_real)):

            def of_part(*values: Any, combined: Function = combined) -> Any:
                pairs = zip(values, inputs, strict=True)
                return func(*(combined(value, x) if _is_complex(x) else value for value, x in pairs))

            parts = [requires_grad_(clone(part(detach(x))), x.requires_grad) if _is_complex(x) else x for x in inputs]
            self._forward(of_part, tuple(parts), name, check_absent)

    def _forward(self, func: Function, inputs: tuple, part: str, check_absent: bool) -> None:
        points = [x for x in inputs if wants_gradient(x)]
        results = as_tuple(func(*inputs))
        floating = [place for place, result in enumerate(results) if is_differentiable(result)]
        places = [place for place in floating if results[place].requires_grad]
        values = values_of(func, inputs)
        vectors = _Vectors()
        directions = [vectors.direction(point) for point in points]
        if not places:
            self._expect_zeros([differences.jacobians(values, x, self.eps) for x in points])
        for index, point in enumerate(points):
            whole = self.fast and [directions[index]]
            matrices = self._columns(func, inputs, index, whole or list(np.eye(point.numel())))
            along = self.fast and differences.pushed_forward(values, point, directions[index], self.eps)
            numerical = along or differences.jacobians(values, point, self.eps)
            for number, place in enumerate(places):
                said = f"While considering the {part} part of complex inputs only, " if part else ""
                said += (
                    f"Jacobian computed with forward mode mismatch for output {number} with respect to input {index},"
                )
                matrix = matrices[floating.index(place)] if matrices else numerical[place]
                if not self.fast:
                    self._compare(matrix, numerical[place], said)
                elif not self._close(matrix[0], numerical[place], self.atol * np.sum(directions[index])):
                    units = self._columns(func, inputs, index, list(np.eye(point.numel())))[floating.index(place)]
                    slow = differences.jacobians(values, point, self.eps)[place]
                    raise _mismatch(said, matrix[0], numerical[place], units, slow)
        if check_absent:
            check_absent_tangents(func, inputs, directions)

    def _columns(self, func: Function, inputs: tuple, index: int, directions: list[np.ndarray]) -> list[np.ndarray]:
        """For each output, a row for each direction in which the input of this index moves."""
        rows = []
        for direction in directions:
            all_directions = zero_directions(inputs)
            all_directions[index] = direction
            row = []
            for output, tangent in pushed_forward(func, inputs, all_directions):
                if tangent is not None and self.check_grad_dtypes and tangent.is_complex() != output.is_complex():
                    raise GradcheckError("Forward AD gradient has dtype mismatch.")
                row.append(np.zeros(output.numel()) if tangent is None else np.reshape(tangent._data, -1))
            rows.append(row)
        return [np.stack(each) for each in zip(*rows, strict=True)]

    def _close(self, analytical: Any, numerical: Any, atol: float) -> bool:
        return bool(np.allclose(analytical, numerical, self.rtol, atol))

    def _compare(self, analytical: np.ndarray, numerical: np.ndarray, said: str) -> None:
        if not self._close(analytical, numerical, self.atol):
            raise _mismatch(said, analytical, numerical)


def _mismatch(said: str, analytical: Any, numerical: Any, *slow: np.ndarray) -> GradcheckError:
    message = f"{said}\nnumerical:{_shown(numerical)}\nanalytical:{_shown(analytical)}\n"
    if slow:
        message += (
            "\nThese are products of the Jacobians with random vectors: fast_mode=True. The Jacobians themselves are\n"
            f"Numerical:\n{_shown(slow[1])}\nAnalytical:\n{_shown(slow[0])}\n"
            f"and differ by at most {np.abs(slow[1] - slow[0]).max()}.\n"
        )
    return GradcheckError(message)


def _shown(values: Any) -> str:
    return f"{wrap(np.asarray(values))}"


def values_of(func: Function, inputs: tuple) -> Callable[[], tuple]:
    """The outputs of a function for its inputs as they are at the moment."""
    return lambda: as_tuple(func(*inputs))


def _times(row: np.ndarray, direction: Any) -> Any:
    """The product of a row with a direction; of a complex row, part by part with the parts of the direction."""
    if isinstance(direction, tuple):
        return row.real @ direction[0] + 1j * (row.imag @ direction[1])
    return row @ direction


def _is_complex(x: Any) -> bool:
    return isinstance(x, Tensor) and x.is_complex()


def _with_imaginary(value: Tensor, x: Tensor) -> Tensor:
    return real(x) + value * 1j


def _with_real(value: Tensor, x: Tensor) -> Tensor:
    return value + imag(x) * 1j


class _Vectors:
    """Random vectors of length 1 without negative numbers: those that PyTorch's generator, newly made, gives."""

    def __init__(self) -> None:
        self._twister = np.random.RandomState(67280421310721 % 2**32)

    def unit(self, like: Tensor) -> np.ndarray:
        draws = self._twister.randint(0, 2**32, like.numel(), np.uint32)
        numbers = (draws & (2**24 - 1)) * 2.0**-24
        length = np.linalg.norm(numbers)
        return numbers / length if length else numbers

    def direction(self, point: Tensor) -> Any:
        """A vector, or for a complex point one for each of its parts."""
        return (self.unit(point), self.unit(point)) if point.is_complex() else self.unit(point)
