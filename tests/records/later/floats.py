import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
ROW = np.array([0.77, -1.62, 1.31])
WHOLE = np.array([[3, -2, 7], [1, 5, -4]])
PAIRS = [((X, Y), {}), ((X, ROW), {}), ((X[:, :1], ROW), {})]

SAMPLES = {
    "signbit": [((X,), {}), ((WHOLE,), {})],
    "copysign": [*PAIRS, ((X, -1.5), {})],
    "heaviside": PAIRS,
    "fmod": PAIRS,
    "fmod_number": [((X, 1.3), {}), ((X, -0.7), {})],
    "fmax": PAIRS,
    "fmin": PAIRS,
    "nextafter": [((X, ROW), {})],
    "nextafter_narrow": [((X, Y), {})],
    "ldexp": [*PAIRS, ((X, 3), {})],
    "frexp": [((X,), {})],
    "nan_to_num": [((X,), {"nan": 0.0, "posinf": 2.0, "neginf": -2.0})],
    "gcd": [((WHOLE, abs(WHOLE.T.reshape(2, 3))), {}), ((WHOLE, np.array(6)), {})],
    "lcm": [((WHOLE, abs(WHOLE.T.reshape(2, 3))), {}), ((WHOLE, np.array(6)), {})],
    "isin": [((WHOLE, np.array([1, 5])), {}), ((WHOLE, 7), {})],
}
REAL_ONLY = {"copysign", "fmod", "fmod_number", "fmax", "fmin", "frexp", "nextafter", "nan_to_num"}
