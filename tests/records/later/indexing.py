"""Sample operands of the records in `ops.gathering`, `ops.scattering` and `ops.slices`."""

from __future__ import annotations

import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
VALUES = np.array([[1.42, 0.37], [-0.83, 2.21], [-1.16, 0.94]])
#: along the first dimension, smaller than X along the other; some places twice, some never
INDEX = np.array([[0, 1], [1, 1], [0, 0]])
ONCE = np.array([[0, 1], [1, 0]])
SLICES = np.array([2, 0, 2])
ADDED = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
ZERO = np.array([[0.0, -1.27, 2.13], [-0.62, 1.71, -2.58]])

_BY = [{"axis": 0, "reduce": reduce} for reduce in ("amax", "amin", "prod")]

SAMPLES = {
    "gather": [((X, INDEX), {"axis": 0}), ((X[0], np.array([2, 2])), {"axis": 0})],
    "index_select": [((X, SLICES), {"axis": 1}), ((X, np.array([1, 1])), {"axis": 0})],
    "scatter": [((X, ONCE, VALUES[:2]), {"axis": 0}), ((X, INDEX, 2.5), {"axis": 0})],
    "scatter_add": [((X, INDEX, VALUES), {"axis": 0})],
    "index_add": [((X, SLICES, ADDED), {"axis": 1})],
    "scatter_reduce": [((x, INDEX, VALUES), params) for x in (X, ZERO) for params in _BY],
    "index_reduce": [((X, SLICES, ADDED), params | {"axis": 1}) for params in _BY],
}
