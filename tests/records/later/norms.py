"""Samples of norms."""

import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])

SAMPLES = {
    "linalg_vector_norm": [
        *((((X,), {"ord": ord, "axis": (1,), "keepdims": False})) for ord in (0.0, 1.0, 2.0, 3.0, 0.5, 1.5, -1.0)),
        ((X,), {"ord": 2.0, "axis": (0, 1), "keepdims": True}),
        ((X,), {"ord": np.inf, "axis": (0,), "keepdims": True}),
        ((X,), {"ord": -np.inf, "axis": (0, 1), "keepdims": False}),
        ((X + 1j * np.cos(X),), {"ord": 2.0, "axis": (1,), "keepdims": False}),
        ((X + 1j * np.cos(X),), {"ord": 3.0, "axis": (0,), "keepdims": True}),
    ]
}
