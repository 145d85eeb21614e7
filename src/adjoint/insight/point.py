"""A function at the point where its derivative is checked: its inputs in double precision, and what it gives there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any

import numpy as np

from adjoint.autograd.checking.derivatives import Rows, is_differentiable, unit_cotangents
from adjoint.autograd.entry import starts_of
from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor, wrap
from adjoint.insight.naming import key_of_tensor
from adjoint.insight.watching import Watched, parameter_names, whole_numbers


class Point:
    """A function at some inputs. `leaves` are those that it is differentiated by, by name; `run` is what was seen of it.

    `weights` is the cotangent of a result that is not one number; where there is none, the derivative is the Jacobian.
    """

    def __init__(self, function: Callable[..., Any], inputs: Any, gradient: Any) -> None:
        self.function = function
        self._is_by_name = isinstance(inputs, Mapping)
        values = list(inputs.values()) if self._is_by_name else _positional(inputs)
        known = list(inputs) if self._is_by_name else parameter_names(function, len(values))
        names = [*known, *(f"input{place}" for place in range(len(known), len(values)))]
        whole = whole_numbers(function)
        given: dict[str, Any] = {
            name: value if name in whole and isinstance(value, int) else as_tensor(value)
            for name, value in zip(names, values, strict=True)
        }
        self.precision = max(
            (finfo(each.dtype).eps for each in given.values() if is_differentiable(each)), default=finfo().eps
        )
        has_choice = any(isinstance(each, Tensor) and each.requires_grad for each in values)
        chosen = {
            name
            for name, value in zip(names, values, strict=True)
            if is_differentiable(given[name]) and (not has_choice or _is_chosen(value))
        }
        if not chosen:
            raise ValueError(
                "check_gradient() needs an input to differentiate by: a number, or a tensor of real or complex numbers"
            )
        self._run(given, chosen)
        if not isinstance(self.result, Tensor):
            raise TypeError(
                f"check_gradient() needs a function that returns a tensor, not {type(self.result).__name__}"
            )
        self.eps = finfo(self.result.dtype).eps if is_differentiable(self.result) else finfo().eps
        self._weigh(gradient)

    def _run(self, given: Mapping[str, Any], chosen: set[str]) -> None:
        """Run the function on doubles; on what was given, where it does not take them."""
        doubled = {name: _double(each) for name, each in given.items()}
        changed = any(is_differentiable(each) and doubled[name].dtype != each.dtype for name, each in given.items())
        for values in (doubled, given) if changed else (doubled,):
            self.arguments = {name: _leaf(each) if name in chosen else each for name, each in values.items()}
            self.leaves: dict[str, Tensor] = {name: self.arguments[name] for name in given if name in chosen}
            positional, keywords = self._call()
            try:
                self.run = Watched(self.function, positional, keywords)
            except (RuntimeError, TypeError):
                if values is doubled and changed:
                    continue
                raise
            self.result = self.run.result
            self._is_doubled = values is doubled
            return

    def _call(self, **replaced: Any) -> tuple[list[Any], dict[str, Any]]:
        values = {**self.arguments, **replaced}
        return ([], values) if self._is_by_name else (list(values.values()), {})

    def at(self, function: Callable[..., Any], **replaced: Any) -> Any:
        """What a function gives for the inputs, with others in the place of some."""
        positional, keywords = self._call(**replaced)
        return function(*positional, **keywords)

    def as_precise(self, value: Any) -> Any:
        """A value as precise as the inputs are here, so that both can be joined."""
        return _double(value) if self._is_doubled else value

    # --- one number, or several ---

    def _weigh(self, gradient: Any) -> None:
        self.weights: np.ndarray | None = None
        self.is_jacobian = False
        if gradient is not None:
            self.weights = np.asarray(as_tensor(gradient)._data)
            if self.weights.shape != self.result.shape:
                raise ValueError(
                    f"gradient has shape {list(self.weights.shape)}, and the function's result has {list(self.result.shape)}"
                )
        elif self.result.numel() != 1:
            self.is_jacobian = True
        if self.weights is None and self.result.is_complex():
            raise RuntimeError(
                "grad can be implicitly created only for real scalar outputs but got "
                f"{self.result.dtype}\nGive the cotangent of the result: check_gradient(..., gradient=)."
            )

    @property
    def lead(self) -> tuple[int, ...]:
        """The dimensions of a derivative in front of its input's: those of the result, for a Jacobian."""
        return tuple(self.result.shape) if self.is_jacobian else ()

    @property
    def cotangent(self) -> Any:
        """The cotangent of the result, as a backward pass starts with it."""
        weights = None if self.weights is None else wrap(self.weights.astype(self.result._data.dtype))
        ((_, cotangent),), _ = starts_of(self.result, weights, False)
        return cotangent

    def weighed(self, result: Tensor) -> Tensor:
        """What is differentiated: a result, or the sum of its elements with their weights."""
        if self.weights is None:
            return result
        products = np.conj(self.weights) * result._data
        is_on_real = self.result.is_complex() or self.weights.dtype.kind == "c"
        return wrap(np.asarray(np.sum(products.real if is_on_real else products)))

    def values(self) -> tuple[Tensor]:
        """What is differentiated, for the inputs as they are at the moment."""
        return (self.weighed(self.at(self.function)),)

    # --- autograd ---

    def gradients(self) -> dict[str, np.ndarray]:
        """The derivative by each leaf as autograd has it: a row per element of the leaf, a column per one of the result."""
        points = list(self.leaves.values())
        if not self.result.requires_grad:
            columns = self.result.numel() if self.is_jacobian else 1
            return {name: np.zeros((leaf.numel(), columns)) for name, leaf in self.leaves.items()}
        if self.is_jacobian:
            cotangents = unit_cotangents(self.result)
        else:
            weights = np.ones(self.result.shape) if self.weights is None else self.weights
            cotangents = [np.reshape(weights, -1)]
        return dict(zip(self.leaves, Rows(self.result, points, cotangents).matrices, strict=True))

    def shaped(self, matrix: np.ndarray, name: str) -> np.ndarray:
        """Such a matrix in the shape that a derivative has."""
        return matrix.T.reshape((*self.lead, *self.leaves[name].shape))

    def as_rows(self, derivative: np.ndarray, name: str) -> np.ndarray:
        """A derivative as such a matrix."""
        return derivative.reshape(int(np.prod(self.lead)), self.leaves[name].numel()).T

    @cached_property
    def top(self) -> str:
        """The name of what is differentiated."""
        if self.weights is not None:
            return self.run.names.unused("L", "result")
        known = self.run.names.tensors.get(key_of_tensor(self.result))
        return known[0] if known is not None else self.run.names.unused(*self.run.root_names)


def _positional(inputs: Any) -> list[Any]:
    return list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]


def as_tensor(value: Any) -> Any:
    """Numbers and NumPy's arrays as tensors; anything else as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float | complex | np.ndarray | np.generic):
        return value
    return wrap(np.array(float(value) if isinstance(value, int) else value))


def _is_chosen(value: Any) -> bool:
    return value.requires_grad if isinstance(value, Tensor) else isinstance(value, int | float | complex)


def _double(value: Any) -> Any:
    """A copy in double precision."""
    if not is_differentiable(value):
        return value
    return wrap(value._data.astype(np.complex128 if value.is_complex() else np.float64))


def _leaf(value: Tensor) -> Tensor:
    leaf = wrap(np.array(value._data))
    leaf.requires_grad = True
    return leaf
