"""Samples of the discrete Fourier transforms."""

import numpy as np

X = np.array([[0.31, -1.27, 2.13, 0.44], [-0.62, 1.71, -2.58, 1.9], [1.42, 0.37, -0.83, 0.66]])
Z = X + 1j * np.cos(X * 3)

SAMPLES = {
    "fft_c2c": [
        ((X,), {"axes": (1,), "inverse": False, "norm": "backward"}),
        ((Z,), {"axes": (0, 1), "inverse": True, "norm": "backward"}),
        ((Z,), {"axes": (1, 0), "inverse": False, "norm": "ortho"}),
    ],
    "fft_r2c": [
        ((X,), {"axes": (1,), "norm": "backward"}),
        ((X,), {"axes": (1, 0), "norm": "forward"}),
    ],
    "fft_c2r": [
        ((Z,), {"axes": (1,), "size": 6, "norm": "backward"}),
        ((Z,), {"axes": (1, 0), "size": 5, "norm": "ortho"}),
    ],
}

#: what transforms of real numbers take
REAL_ONLY = {"fft_r2c"}
