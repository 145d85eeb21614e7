import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
ROW = np.array([0.77, 1.62, 1.31])

SAMPLES = {
    "complex": [((X, Y), {}), ((X, ROW), {})],
    "polar": [((ROW, X), {}), ((ROW, np.array(0.4)), {})],
    "angle": [((X + 1j * Y,), {}), ((ROW,), {})],
    "view_as_real": [((X + 1j * Y,), {})],
    "view_as_complex": [((X.T.copy(),), {})],
    "isreal": [((X,), {}), ((X + 1j * (X > 0),), {})],
}
REAL_ONLY = {"complex", "polar", "angle", "view_as_complex"}
