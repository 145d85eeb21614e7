"""Samples of scans, reductions, and of what is picked in order."""

from typing import Any

import numpy as np

X = np.array([[0.31, -1.27, 2.13, 0.84], [-0.62, 1.71, -2.58, 0.45], [1.12, 0.23, -0.91, -1.64]])
ROW = np.array([0.77, -1.62, 1.31])
ZEROS = np.array([[0.0, 1.3, 0.0, -0.4], [0.4, -0.7, 1.1, 0.0]])
LONG = np.sin(np.arange(70.0))
MANY = np.sin(np.arange(140.0)).reshape(2, 70)

_FIRST: dict[str, Any] = {"axis": 0}
_LAST: dict[str, Any] = {"axis": 1}
_ALL: dict[str, Any] = {"axis": (0, 1), "keepdims": False}
_ROWS: dict[str, Any] = {"axis": (1,), "keepdims": False}
_KEPT: dict[str, Any] = {"axis": (0,), "keepdims": True}
_ONE: dict[str, Any] = {"axis": 1, "keepdims": False}
_ONE_KEPT: dict[str, Any] = {"axis": 0, "keepdims": True}


def _each(operands: tuple, *choices: dict[str, Any]) -> list[tuple[tuple, dict[str, Any]]]:
    return [(operands, each) for each in choices]


_SCANNED = _each((X,), _FIRST, _LAST)
_DOWN = [{"axis": 0, "reverse": False}, {"axis": 1, "reverse": True}]
_SPREAD = [each | {"degrees": degrees} for each, degrees in ((_ALL, 11), (_ROWS, 4), (_KEPT, 1.5))]
_REDUCED = _each((X,), _ALL, _ROWS, _KEPT)
_PICKED = _each((X,), _ONE, _ONE_KEPT)

SAMPLES: dict[str, list[tuple[tuple, dict[str, Any]]]] = {
    "cumsum": _SCANNED,
    "cumprod": [*_SCANNED, ((ZEROS,), _LAST)],
    "logcumsumexp": _SCANNED,
    "cummax": _SCANNED,
    "cummin": _SCANNED,
    "recurrence": [
        *_each((X, X[::-1].copy()), *_DOWN),
        ((MANY, MANY[::-1].copy()), {"axis": 0, "reverse": False}),
        ((LONG[:9], LONG[9:18]), {"axis": 0, "reverse": True}),
    ],
    "sort": _each(
        (X,), {"axis": 0, "descending": False, "stable": True}, {"axis": 1, "descending": True, "stable": False}
    ),
    "sort_stable": _each(
        (X,), {"axis": 0, "descending": True, "stable": False}, {"axis": 1, "descending": False, "stable": True}
    ),
    "argsort": _each(
        (X,), {"axis": 0, "descending": True, "stable": False}, {"axis": 1, "descending": False, "stable": True}
    ),
    "topk": [
        *_each(
            (X,),
            {"axis": 1, "k": 2, "largest": True, "in_order": True},
            {"axis": 0, "k": 1, "largest": False, "in_order": False},
        ),
        ((LONG,), {"axis": 0, "k": 3, "largest": True, "in_order": True}),
    ],
    "kthvalue": [(operands, params | {"k": 2}) for operands, params in _PICKED],
    "mode": _PICKED,
    "median_axis": [(operands, params | {"ignore_nan": False}) for operands, params in _PICKED],
    "nanmedian_axis": [(operands, params | {"ignore_nan": True}) for operands, params in _PICKED],
    "median_all": [((X,), {"ignore_nan": False}), ((ROW,), {"ignore_nan": False})],
    "nanmedian_all": [((X,), {"ignore_nan": True}), ((ROW,), {"ignore_nan": True})],
    "aminmax": _REDUCED,
    "var": _each((X,), *_SPREAD),
    "std": _each((X,), *_SPREAD),
    "var_mean": _each((X,), *_SPREAD),
    "std_mean": _each((X,), *_SPREAD),
    "logsumexp": _REDUCED,
    "nansum": _REDUCED,
    "count_nonzero": [((X > 0,), {"axis": (0,)}), ((X,), {"axis": (0, 1)})],
    "hash_tensor": _each((X > 0,), _ALL, _KEPT),
    "searchsorted": [((np.sort(ROW), X), {"right": False}), ((np.sort(X), X), {"right": True})],
    "histc": [((X,), {"bins": 4, "low": -2.0, "high": 2.0})],
}

REAL_ONLY = {
    "cummax", "cummin", "sort", "sort_stable", "topk", "kthvalue", "mode", "median_axis", "nanmedian_axis",
    "median_all",
    "nanmedian_all", "aminmax", "nansum",
}  # fmt: skip
