"""Factorisations and solutions of linear systems, by LAPACK: for stacks of matrices, in the last two axes.

NumPy's functions run over a stack by themselves; SciPy's are called for one matrix after the other.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.arrays.failures import LinAlgError
from adjoint.arrays.numpy import Array
from adjoint.lazy import lazy

blas, lapack, scipy_linalg = lazy("scipy.linalg.blas"), lazy("scipy.linalg.lapack"), lazy("scipy.linalg")

_LETTERS = {"f": "s", "d": "d", "F": "c", "D": "z"}  # by which LAPACK's names begin, for each type


def _routine(name: str, x: np.ndarray, library: Any = lapack) -> Any:
    return getattr(library, _LETTERS[x.dtype.char] + name)


def _places(x: np.ndarray) -> Iterator[tuple[int, ...]]:
    """The indices of the matrices of a stack; none where they are empty."""
    return np.ndindex(x.shape[:-2]) if x.size else iter(())


def _no_failures(x: np.ndarray) -> np.ndarray:
    """A code for each matrix, which says that it was no trouble."""
    return np.zeros(x.shape[:-2], np.int32)


def _refuse_failures(function: str, info: np.ndarray, reason: Callable[[int], str]) -> None:
    """An error for the first matrix whose code is not 0."""
    failed = np.argwhere(np.atleast_1d(info.ravel()))
    if failed.size:
        place = int(failed[0, 0])
        which = f"(Batch element {place}): " if info.ndim else ""
        raise LinAlgError(f"{function}: {which}{reason(int(info.ravel()[place]))}")


# --- inverses and solutions --------------------------------------------------------------------------------------


def inv_ex(a: Array) -> tuple[Array, Array]:
    """The inverses; and for each matrix 0, or which diagonal element of its triangular factor is zero, from 1."""
    try:
        return np.linalg.inv(a), _no_failures(a)
    except np.linalg.LinAlgError:
        return solve_ex(a, np.broadcast_to(np.eye(a.shape[-1], dtype=a.dtype), a.shape))


def inv(a: Array) -> Array:
    result, info = inv_ex(a)
    _refuse_failures("linalg.inv", info, _singular)
    return result


def _singular(code: int) -> str:
    return (
        f"The diagonal element {code} is zero, the inversion could not be completed because the input matrix is singular."
        "\ninv_ex() returns without an error; pinv() is defined for every matrix."
    )


def solve_ex(a: Array, b: Array) -> tuple[Array, Array]:
    """X with A X = B; and for each matrix 0, or which diagonal element of its triangular factor is zero, from 1."""
    a, b = _computed(a, b)
    try:
        return np.linalg.solve(a, b), np.zeros(np.broadcast_shapes(a.shape[:-2], b.shape[:-2]), np.int32)
    except np.linalg.LinAlgError:
        factors, pivots, info = lu_factor(a)
        right, order = _aligned(b, permutation(pivots, rows=a.shape[-1])[..., None])
        picked = np.take_along_axis(right, order, -2)
        half = solve_triangular(factors, picked, upper=False, unitriangular=True)
        result = solve_triangular(factors, half, upper=True, unitriangular=False)
        return result, np.broadcast_to(info, result.shape[:-2]).copy()


def _computed(*stacks: np.ndarray) -> Sequence[np.ndarray]:
    """Stacks of matrices in a type that LAPACK knows: a rule may meet results that were rounded to 16 bits."""
    if all(each.dtype.char in _LETTERS for each in stacks):
        return stacks
    return [each.astype(np.result_type(each.dtype, np.float32)) for each in stacks]


def _aligned(*stacks: np.ndarray) -> list[np.ndarray]:
    """Stacks of matrices, repeated to have as many of them."""
    batch = np.broadcast_shapes(*(each.shape[:-2] for each in stacks))
    return [np.broadcast_to(each, batch + each.shape[-2:]) for each in stacks]


def solve(a: Array, b: Array) -> Array:
    result, info = solve_ex(a, b)
    _refuse_failures(
        "torch.linalg.solve",
        info,
        lambda code: (
            "The solver failed because the input matrix is singular.\nlstsq() finds the solution of least size."
        ),
    )
    return result


def solve_triangular(a: Array, b: Array, *, upper: bool, unitriangular: bool) -> Array:
    """X with A X = B, where only one triangle of A is read."""
    a, b = _aligned(*_computed(a, b))
    if math.prod(a.shape[:-2]) > a.shape[-1]:
        return _substituted(a, b, upper, unitriangular)
    trsm = _routine("trsm", a, blas)
    result = np.empty_like(b, order="C")
    for place in _places(b):  # in transposed form, since the library stores matrices by columns
        result[place] = trsm(1, a[place].T, b[place].T, side=1, lower=upper, diag=unitriangular).T
    return result


def _substituted(a: np.ndarray, b: np.ndarray, upper: bool, unitriangular: bool) -> np.ndarray:
    """The same for many small matrices: one row after the other, in all of them at once."""
    result = np.zeros(b.shape, b.dtype)
    rows = range(a.shape[-1])
    for row in reversed(rows) if upper else rows:
        known = slice(row + 1, None) if upper else slice(0, row)
        rest = b[..., row, :] - (a[..., row : row + 1, known] @ result[..., known, :])[..., 0, :]
        result[..., row, :] = rest if unitriangular else rest / a[..., row, row, None]
    return result


# --- determinants ------------------------------------------------------------------------------------------------


def det(a: Array) -> Array:
    return np.linalg.det(a)


def slogdet(a: Array) -> tuple[Array, Array]:
    return tuple(np.linalg.slogdet(a))


def cofactor(a: Array) -> Array:
    """The derivatives of the determinant by the elements, also where it is zero."""
    determinant = np.asarray(np.linalg.det(a))[..., None, None]
    if determinant.all():
        return determinant * np.swapaxes(np.linalg.inv(a), -1, -2)
    u, s, vh = np.linalg.svd(a)
    others = np.where(np.eye(s.shape[-1], dtype=bool), 1, s[..., None, :]).prod(-1)
    phase = np.linalg.det(u) * np.linalg.det(vh)
    return phase[..., None, None] * ((u * others[..., None, :]) @ vh).conj()


# --- triangular factors ------------------------------------------------------------------------------------------


def cholesky_ex(a: Array, *, upper: bool) -> tuple[Array, Array]:
    """L with A = L L^H, or U with A = U^H U, from one triangle of A; and 0, or the order of the minor that failed."""
    try:
        return np.linalg.cholesky(a, upper=upper), _no_failures(a)
    except np.linalg.LinAlgError:
        result, info = np.zeros(a.shape, a.dtype), _no_failures(a)
        potrf = _routine("potrf", a)
        for place in _places(a):
            result[place], info[place] = potrf(a[place], lower=not upper)
        return np.triu(result) if upper else np.tril(result), info


def cholesky(a: Array, *, upper: bool, function: str) -> Array:
    result, info = cholesky_ex(a, upper=upper)
    _refuse_failures(function, info, _not_positive)
    return result


def _not_positive(code: int) -> str:
    return (
        "The factorization could not be completed because the input is not positive-definite (the leading minor of order "
        f"{code} is not positive-definite)."
    )


def cholesky_solve(b: Array, factor: Array, *, upper: bool) -> Array:
    """X with A X = B, where A = L L^H, or U^H U."""
    turned = np.swapaxes(factor, -1, -2).conj()
    first, second = (turned, factor) if upper else (factor, turned)
    half = solve_triangular(first, b, upper=False, unitriangular=False)
    return solve_triangular(second, half, upper=True, unitriangular=False)


def lu_factor(a: Array, *, function: str = "") -> tuple[Array, Array, Array]:
    """L and U in one matrix, with A = P L U; the rows swapped, from 1; which pivot is zero, from 1, else 0.

    A pivot that is zero is an error where a function is named.
    """
    size = min(a.shape[-2:])
    factors, pivots, info = np.array(a, order="C"), np.empty((*a.shape[:-2], size), np.int32), _no_failures(a)
    getrf = _routine("getrf", a)
    for place in _places(a):
        factors[place], swaps, info[place] = getrf(a[place])
        pivots[place] = swaps + 1
    if function:
        _refuse_zero_pivots(function, info)
    return factors, pivots, info


def _refuse_zero_pivots(function: str, info: np.ndarray) -> None:
    failed = np.flatnonzero(info)
    if failed.size:
        code = int(info.ravel()[failed[0]])
        which = f"(Batch element {failed[0]}): " if info.ndim else ""
        raise RuntimeError(
            f"{which}{function}: U[{code},{code}] is zero and using it on lu_solve would result in a division by zero. If you "
            "still want to perform the factorization, consider calling linalg.lu(A, pivot) or linalg.lu_factor_ex(A, pivot)"
        )


def permutation(pivots: Array, *, rows: int) -> Array:
    """The order of the rows after the swaps that pivots, from 1, stand for."""
    order = np.empty((*pivots.shape[:-1], rows), np.int64)
    order[...] = np.arange(rows)
    for row in range(pivots.shape[-1]):
        other = pivots[..., row, None].astype(np.int64) - 1
        moved = np.take_along_axis(order, other, -1)
        np.put_along_axis(order, other, order[..., row, None], -1)
        order[..., row, None] = moved
    return order


def ldl_factor(a: Array, *, hermitian: bool, function: str = "") -> tuple[Array, Array, Array]:
    """L and D in one matrix, with A = L D L^T, or L D L^H; LAPACK's record of the rows swapped; where D is zero, from 1.

    A zero in D is an error where a function is named.
    """
    factors, pivots, info = np.tril(a), np.zeros(a.shape[:-1], np.int32), _no_failures(a)
    factor = _routine("hetrf" if hermitian and a.dtype.kind == "c" else "sytrf", a)
    for place in _places(a):
        factors[place], pivots[place], info[place] = factor(a[place], lower=True)
    if function and info.any():
        code = int(info.ravel()[np.flatnonzero(info)[0]])
        raise RuntimeError(
            f"{function}: the factor D has a zero on its diagonal, at {code}\n"
            "ldl_factor_ex() returns without an error, where it is not asked to check."
        )
    return np.tril(factors), pivots, info


def ldl_solve(factors: Array, pivots: Array, b: Array, *, hermitian: bool) -> Array:
    factors, b = _aligned(factors, b)
    pivots = np.broadcast_to(pivots, factors.shape[:-1])
    result = np.array(b, order="C")
    back = _routine("hetrs" if hermitian and b.dtype.kind == "c" else "sytrs", b)
    for place in _places(b):
        result[place], _ = back(factors[place], pivots[place], b[place], lower=True)
    return result


# --- orthogonal factors ------------------------------------------------------------------------------------------


def qr(a: Array, *, mode: str) -> tuple[Array, Array]:
    return tuple(np.linalg.qr(a, mode))


def qr_triangle(a: Array) -> Array:
    """R alone."""
    return np.linalg.qr(a, "r")


def geqrf(a: Array) -> tuple[Array, Array]:
    """R, with the vectors of the reflections below it; and their factors."""
    if not a.size:
        return a.copy(), np.zeros((*a.shape[:-2], min(a.shape[-2:])), a.dtype)
    turned, factors = np.linalg.qr(a, "raw")
    return np.ascontiguousarray(np.swapaxes(turned, -1, -2)), factors


def svd(a: Array, *, full_matrices: bool) -> tuple[Array, Array, Array]:
    try:
        u, s, vh = np.linalg.svd(a, full_matrices=full_matrices)
        return u, s, vh
    except np.linalg.LinAlgError:
        raise _not_converged("linalg.svd", a) from None


def svdvals(a: Array) -> Array:
    try:
        return np.linalg.svdvals(a)
    except np.linalg.LinAlgError:
        raise _not_converged("linalg.svd", a) from None


def _not_converged(function: str, a: np.ndarray) -> LinAlgError:
    strange = ~np.isfinite(a).all((-2, -1))
    place = f"(Batch element {int(np.flatnonzero(strange)[0]) if strange.any() else 0}): " if a.ndim > 2 else ""
    because = "contained non-finite values." if strange.any() else "is ill-conditioned or has too many repeated values."
    return LinAlgError(f"{function}: {place}The algorithm failed to converge because the input matrix {because}")


def eigh(a: Array, *, uplo: str) -> tuple[Array, Array]:
    try:
        return tuple(np.linalg.eigh(a, uplo))
    except np.linalg.LinAlgError:
        raise _not_converged("linalg.eigh", a) from None


def eigvalsh(a: Array, *, uplo: str) -> Array:
    try:
        return np.linalg.eigvalsh(a, uplo)
    except np.linalg.LinAlgError:
        raise _not_converged("linalg.eigh", a) from None


def eig(a: Array) -> tuple[Array, Array]:
    """Eigenvalues and eigenvectors, complex also where the matrix is real."""
    _refuse_strange(a)
    dtype = np.result_type(a.dtype, np.complex64)
    values, vectors = np.linalg.eig(a)
    return values.astype(dtype), vectors.astype(dtype)


def eigvals(a: Array) -> Array:
    _refuse_strange(a)
    return np.linalg.eigvals(a).astype(np.result_type(a.dtype, np.complex64))


def _refuse_strange(a: np.ndarray) -> None:
    if not np.isfinite(a).all():
        raise RuntimeError("torch.linalg.eig: input tensor should not contain infs or NaNs.")


# --- least squares and functions of matrices ---------------------------------------------------------------------


def pinv(a: Array, atol: Array, rtol: Array, *, hermitian: bool) -> Array:
    """The pseudoinverse: singular values no larger than atol, or than rtol times the largest, are taken as zero."""
    if hermitian:
        values, vectors = np.linalg.eigh(a)
        sizes, left, right = np.abs(values), vectors, np.swapaxes(vectors, -1, -2).conj()
    else:
        left, values, right = np.linalg.svd(a, full_matrices=False)
        sizes = values
    largest = sizes.max(-1, keepdims=True, initial=0)
    kept = sizes > np.maximum(np.asarray(atol)[..., None], np.asarray(rtol)[..., None] * largest)
    inverses = np.where(kept, 1 / np.where(kept, values, 1), 0).astype(values.dtype)
    return np.swapaxes((left * inverses[..., None, :]) @ right, -1, -2).conj()


def lstsq(a: Array, b: Array, *, rcond: float, driver: str) -> tuple[Array, Array, Array]:
    """X of least size with the least |A X - B|; the ranks of A; its singular values where the driver finds them."""
    a, b = _aligned(a, b)
    *batch, rows, columns = a.shape
    solution = np.zeros((*batch, columns, b.shape[-1]), b.dtype)
    ranks = np.zeros(batch, np.int64)
    values = np.zeros((*batch, min(rows, columns)), a.real.dtype)
    for place in _places(a):
        if not b[place].size:
            continue
        if driver == "gels":
            solution[place] = _by_full_rank(a[place], b[place])
        else:
            found = scipy_linalg.lstsq(a[place], b[place], cond=rcond, lapack_driver=driver)
            solution[place], ranks[place] = found[0], found[2]
            if found[3] is not None:
                values[place] = found[3]
    return solution, ranks, values


def _by_full_rank(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The solution where A is known to have full rank."""
    rows, columns = a.shape
    padded = np.zeros((max(rows, columns), b.shape[1]), b.dtype)
    padded[:rows] = b
    _, found, _ = _routine("gels", a)(a, padded)
    return found[:columns]


def matrix_exp(a: Array) -> Array:
    if not a.size:
        return a.copy()
    wide = np.result_type(a.dtype, np.float64)  # in 32 bits too many digits are lost to scaling and squaring
    return scipy_linalg.expm(a.astype(wide)).astype(a.dtype)


def phase_free(x: Array, *, function: str, what: str) -> Array:
    """The real parts of numbers whose imaginary parts must be next to nothing."""
    if not np.allclose(x.imag, 0, 1e-2, 1e-2):
        raise RuntimeError(
            f"{function}: The {what} in the complex case are specified up to multiplication by e^{{i phi}}. The specified "
            "loss function depends on this quantity, so it is ill-defined."
        )
    return x.real
