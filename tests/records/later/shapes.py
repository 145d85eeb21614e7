"""Sample operands of the records in `ops.diagonals`, `ops.rolling` and `ops.strides`."""

from __future__ import annotations

import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
CUBE = np.cos(np.arange(24.0)).reshape(2, 3, 4)
_PLANE = {"offset": 1, "axis1": 2, "axis2": 0}

SAMPLES = {
    "diagonal": [((X,), {"offset": 0, "axis1": 0, "axis2": 1}), ((CUBE,), _PLANE)],
    "diagonal_embed": [((X[0],), {"shape": (3, 4), "offset": 1, "axis1": 0, "axis2": 1})],
    "tril": [((X,), {"diagonal": 0}), ((CUBE,), {"diagonal": 1})],
    "triu": [((X,), {"diagonal": 0}), ((CUBE,), {"diagonal": -1})],
    "roll": [((X,), {"shifts": (1, -1), "axes": (0, 1)}), ((X,), {"shifts": (4,), "axes": (1,)})],
    "strided": [
        ((X,), {"size": (3, 2), "stride": (1, 2), "offset": 1, "of": (3, 1)}),
        ((X,), {"size": (2, 2), "stride": (0, 3), "offset": 0, "of": (3, 1)}),
    ],
    "unfold": [((X,), {"axis": 1, "size": 2, "step": 1}), ((CUBE,), {"axis": 1, "size": 2, "step": 2})],
}
