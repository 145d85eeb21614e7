"""Parts of matrices, as rules take them: in verbs, of the matrices in the last two axes."""

from __future__ import annotations

from typing import Any

import numpy as np


def transposed(xp: Any, x: Any) -> Any:
    """The transpose of each matrix."""
    ndim = len(x.shape)
    return xp.permute_dims(x, (*range(ndim - 2), ndim - 1, ndim - 2))


def adjoint(xp: Any, x: Any) -> Any:
    """The conjugate transpose of each matrix."""
    return xp.conj(transposed(xp, x))


def lower(xp: Any, x: Any, k: int = 0) -> Any:
    """Each matrix with zeros above its `k`-th diagonal."""
    return xp.where(xp.asarray(np.tri(*x.shape[-2:], k, dtype=bool)), x, 0)


def upper(xp: Any, x: Any, k: int = 0) -> Any:
    """Each matrix with zeros below its `k`-th diagonal."""
    return xp.where(xp.asarray(np.tri(*x.shape[-2:], k - 1, dtype=bool)), 0, x)


def triangle(xp: Any, x: Any, is_upper: bool, k: int = 0) -> Any:
    """The upper triangle, from the `k`-th diagonal on, or the lower one to the same distance."""
    return upper(xp, x, k) if is_upper else lower(xp, x, -k)


def _on_diagonal(size: int) -> np.ndarray:
    return np.eye(size, dtype=bool)


def diagonal(xp: Any, x: Any) -> Any:
    """The diagonals of square matrices, along the last axis."""
    return xp.sum(xp.where(xp.asarray(_on_diagonal(x.shape[-1])), x, 0), axis=-1)


def without_diagonal(xp: Any, x: Any) -> Any:
    return xp.where(xp.asarray(_on_diagonal(x.shape[-1])), 0, x)


def with_diagonal(xp: Any, x: Any, values: Any) -> Any:
    """Square matrices with these values on their diagonals."""
    return xp.where(xp.asarray(_on_diagonal(x.shape[-1])), xp.expand_dims(values, -1), x)


def diagonal_matrix(xp: Any, values: Any) -> Any:
    """The square matrices with these diagonals, and zeros elsewhere."""
    return xp.where(xp.asarray(_on_diagonal(values.shape[-1])), xp.expand_dims(values, -1), 0)


def trace(xp: Any, x: Any) -> Any:
    return xp.sum(diagonal(xp, x), axis=-1)


def eye(xp: Any, like: Any, size: int) -> Any:
    """The identity, in the type of a matrix."""
    return xp.asarray(np.eye(size, dtype=xp.numpy_dtype(like)))


def scaled_rows(xp: Any, factors: Any, x: Any) -> Any:
    """diag(factors) X"""
    return xp.expand_dims(factors, -1) * x


def scaled_columns(xp: Any, x: Any, factors: Any) -> Any:
    """X diag(factors)"""
    return x * xp.expand_dims(factors, -2)


def columns(xp: Any, x: Any, start: int | None, stop: int | None = None) -> Any:
    return xp.getitem(x, (*[slice(None)] * (len(x.shape) - 1), slice(start, stop)))


def rows(xp: Any, x: Any, start: int | None, stop: int | None = None) -> Any:
    return xp.getitem(x, (*[slice(None)] * (len(x.shape) - 2), slice(start, stop), slice(None)))


def beside(xp: Any, x: Any, y: Any) -> Any:
    """[X Y]"""
    return xp.concat([x, y], len(x.shape) - 1)


def above(xp: Any, x: Any, y: Any) -> Any:
    """X on top of Y."""
    return xp.concat([x, y], len(x.shape) - 2)


def differences(xp: Any, values: Any) -> Any:
    """Of values in the last axis: the matrix v_j - v_i."""
    return xp.expand_dims(values, -2) - xp.expand_dims(values, -1)


def quotient(xp: Any, x: Any, y: Any) -> Any:
    """x / y, and 0 where both are 0: a value that is repeated does no harm where nothing depends on its vectors."""
    return x / xp.where(xp.logical_and(x == 0, y == 0), 1, y)


def is_complex(xp: Any, x: Any) -> bool:
    return xp.numpy_dtype(x).kind == "c"


def halved_diagonal(xp: Any, x: Any) -> Any:
    """Square matrices with half of their diagonals."""
    return x * xp.asarray(1 - np.eye(x.shape[-1], dtype=xp.numpy_dtype(x)) / 2)
