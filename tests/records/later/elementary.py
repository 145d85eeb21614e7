import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
ROW = np.array([0.77, -1.62, 1.31])
PAIRS = [((X, Y), {}), ((X, ROW), {}), ((X[:, :1], ROW), {})]
SHARES = abs(X) / 3

SAMPLES = {
    "deg2rad": [((X,), {})],
    "rad2deg": [((X,), {})],
    "atan2": PAIRS,
    "hypot": PAIRS[1:],
    "logaddexp": PAIRS,
    "logaddexp2": PAIRS,
    "xlogy": [((2.5, abs(X)), {}), ((X, 2.5), {}), ((X, abs(ROW)), {})],
    "xlog1py": [((2.5, abs(X)), {}), ((X, 2.5), {}), ((X, abs(ROW)), {})],
    "sinc": [((X,), {})],
    "logit": [((SHARES,), {"eps": None}), ((SHARES,), {"eps": 0.2})],
    "lerp_tensor": [((X, Y, X + 0.3), {}), ((X, ROW, np.array(0.4)), {})],
    "lerp_number": [((X, Y), {"weight": 0.3}), ((X, ROW), {"weight": 0.7})],
    "addcmul": [((X, Y, ROW), {"value": 2}), ((ROW, X, Y), {"value": -0.5})],
    "addcdiv": [((X, Y, ROW), {"value": 2}), ((ROW, X, Y), {"value": -0.5})],
}
REAL_ONLY = {
    "deg2rad",
    "rad2deg",
    "atan2",
    "hypot",
    "logaddexp",
    "logaddexp2",
    "xlogy",
    "xlog1py",
    "logit",
    "lerp_tensor",
}
