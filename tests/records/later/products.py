"""Samples of products that are added to a tensor, and of scalar and cross products."""

import numpy as np

A = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
B = np.array([[1.42, 0.37], [-0.83, 2.21], [-1.16, 0.94]])
C = np.array([[0.7, -1.1], [1.9, 0.4]])
ROW = np.array([0.77, -1.62, 1.31])
PAIR = np.array([1.23, -0.58])
NUMBERS = [{"beta": 1, "alpha": 1}, {"beta": 0.5, "alpha": -2.0}]
BATCHES = np.stack([A, 0.7 - A]), np.stack([B, B * 0.4 + 0.1])

SAMPLES = {
    "addmm": [((C, A, B), each) for each in NUMBERS] + [((PAIR, A, B), {"beta": 3.0, "alpha": 0.2})],
    "baddbmm": [((C, *BATCHES), each) for each in NUMBERS],
    "addmv": [((PAIR, A, ROW), each) for each in NUMBERS],
    "addr": [((A, PAIR, ROW), each) for each in NUMBERS] + [((ROW, PAIR, ROW), {"beta": 3.0, "alpha": 0.2})],
    "vdot": [((ROW, ROW**2 - 1), {})],
    "linalg_cross": [((A, ROW**2), {"axis": -1}), ((B, np.flip(B, 0)), {"axis": -2})],
}
