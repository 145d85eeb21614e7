"""Samples of linear systems, determinants, factorisations, eigenvalues and singular values."""

from __future__ import annotations

from typing import Any

import numpy as np

import adjoint as torch
from adjoint.core.apply import apply
from adjoint.core.primitive import registry

SQUARE = np.array([[2.13, -0.62, 0.37], [0.94, -1.71, 1.16], [-0.83, 0.58, 1.42]])
BATCH = np.stack([SQUARE, SQUARE.T + np.eye(3), SQUARE @ SQUARE])
SINGULAR = np.array([[1.2, 0.7, -0.4], [2.4, 1.4, -0.8], [0.3, -1.1, 0.9]])  # of rank 2
RANK_ONE = np.outer([1.2, -0.7, 0.4], [0.9, 1.3, -0.6])
WIDE = np.array([[0.31, -1.27, 2.13, 0.84], [-0.62, 1.71, -2.58, 1.39]])
TALL = np.ascontiguousarray(WIDE.T)
RIGHT = np.array([[0.77, -1.62], [1.31, 0.45], [-0.58, 2.04]])
TRIANGLE = np.tril(SQUARE) + 2 * np.eye(3)
POSITIVE = SQUARE @ SQUARE.T + np.eye(3)
FACTORS, PIVOTS = (each.numpy() for each in torch.linalg.ldl_factor(torch.tensor(POSITIVE)))

_LOWER: dict[str, Any] = {"upper": False, "unitriangular": False}
_UPPER: dict[str, Any] = {"upper": True, "unitriangular": True}
_PINV: dict[str, Any] = {"hermitian": False}

SAMPLES: dict[str, list[tuple[tuple[Any, ...], dict[str, Any]]]] = {
    "inv": [((SQUARE,), {}), ((BATCH,), {})],
    "inv_ex": [((SQUARE,), {}), ((BATCH,), {})],
    "solve": [((SQUARE, RIGHT), {}), ((BATCH, RIGHT), {}), ((SQUARE, BATCH), {})],
    "solve_ex": [((SQUARE, RIGHT), {}), ((BATCH, RIGHT), {})],
    "solve_triangular": [
        ((TRIANGLE, RIGHT), _LOWER), ((TRIANGLE.T, RIGHT), _UPPER), ((BATCH + 2 * np.eye(3), RIGHT), _LOWER),
        ((np.stack([TRIANGLE] * 5), RIGHT), _LOWER), ((np.stack([TRIANGLE.T] * 5), RIGHT), _UPPER),
    ],
    "det": [((SQUARE,), {}), ((BATCH,), {}), ((SINGULAR,), {}), ((RANK_ONE,), {})],
    "cofactor": [((SQUARE,), {}), ((BATCH,), {}), ((SINGULAR,), {})],
    "slogdet": [((SQUARE,), {}), ((BATCH,), {})],
    "lu_factor": [((each,), {"function": ""}) for each in (SQUARE, BATCH, WIDE, TALL)],
    "permutation": [((np.array([3, 2, 3], np.int32),), {"rows": 4})],
    "ldl_factor": [((POSITIVE,), {"hermitian": False, "function": ""})],
    "ldl_solve": [((FACTORS, PIVOTS, RIGHT), {"hermitian": False})],
    "qr": [((SQUARE,), {"mode": "reduced"}), ((WIDE,), {"mode": "complete"}), ((TALL,), {"mode": "reduced"})],
    "qr_triangle": [((SQUARE,), {}), ((WIDE,), {}), ((TALL,), {})],
    "geqrf": [((TALL,), {})],
    "svdvals": [((SQUARE,), {}), ((WIDE,), {}), ((TALL,), {})],
    "pinv": [((SQUARE, 0.0, 1e-10), _PINV), ((WIDE, 0.0, 1e-10), _PINV), ((TALL, 0.0, 1e-10), _PINV)],
    "lstsq": [
        ((SQUARE, RIGHT), {"rcond": 1e-10, "driver": "gelsy"}), ((TALL, RIGHT[[0, 1, 2, 0]]), {"rcond": 1e-10, "driver": "gels"}),
        ((WIDE, RIGHT[:2]), {"rcond": 1e-10, "driver": "gelsy"}),
    ],
    "matrix_exp": [((SQUARE,), {}), ((BATCH[:2],), {})],
}  # fmt: skip


def _flat(name: str, *operands: Any, **params: Any) -> Any:
    """All results of a record, one after the other."""
    results = apply(registry[name], operands, params)
    floats = [each.reshape(-1) for each in results if each.is_floating_point()]
    return torch.cat(floats) if isinstance(results, tuple) else results


def _positive(x: Any) -> Any:
    return x @ x.mT + torch.tensor(np.eye(3)).to(x.dtype)


def _eig(x: Any) -> Any:
    values, vectors = apply(registry["eig"], (x,))
    return torch.cat([values.real, values.imag, vectors.abs().reshape(-1)]).to(x.dtype)


def _eigvals(x: Any) -> Any:
    values = apply(registry["eigvals"], (x,))
    return torch.cat([values.real, values.imag]).to(x.dtype)


def _phase_free(x: Any) -> Any:
    return apply(registry["phase_free"], (x * (1 + 0j),), {"function": "sample", "what": "numbers"}).to(x.dtype)


#: records of matrices that must be symmetric, or that are determined up to phases: within programs that see to it
PROGRAMS: dict[str, tuple[Any, tuple[Any, ...]]] = {
    "cholesky": (lambda x: _flat("cholesky", _positive(x), upper=False, function="cholesky"), (SQUARE,)),
    "cholesky_ex": (lambda x: _flat("cholesky_ex", _positive(x), upper=True), (SQUARE,)),
    "cholesky_solve": (
        lambda b, x: _flat("cholesky_solve", b, _flat("cholesky", _positive(x), upper=False, function=""), upper=False),
        (RIGHT, SQUARE),
    ),
    "eigh": (lambda x: _flat("eigh", x + x.mT, uplo="L"), (SQUARE,)),
    "eigvalsh": (lambda x: _flat("eigvalsh", x + x.mT, uplo="U"), (SQUARE,)),
    "eig": (_eig, (SQUARE,)),
    "eigvals": (_eigvals, (SQUARE,)),
    "svd": (lambda x: _flat("svd", x, full_matrices=False), (WIDE,)),
    "phase_free": (_phase_free, (RIGHT,)),
}
