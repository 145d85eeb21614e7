import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
ROW = np.array([0.77, 0.21, 1.31])

SAMPLES = {
    "elu": [((X,), {"alpha": 1.5, "scale": 1.1, "input_scale": 0.8})],
    "celu": [((X,), {"alpha": 1.5})],
    "gelu": [((X,), {})],
    "gelu_by_tanh": [((X,), {})],
    "silu": [((X,), {})],
    "mish": [((X,), {}), ((X * 20,), {})],
    "glu": [((X.T,), {"axis": 1}), ((X,), {"axis": 0})],
    "softplus": [((X,), {"beta": 1.3, "threshold": 2.0})],
    "log_sigmoid": [((X,), {})],
    "leaky_relu": [((X,), {"negative_slope": 0.1})],
    "prelu": [((X, ROW), {}), ((X, np.array(0.3)), {})],
    "rrelu_with_noise": [((X, np.where(X > 0, 1, ROW)), {})],
    "hardtanh": [((X,), {"min": -1, "max": 2})],
    "hardsigmoid": [((X,), {}), ((2 * X,), {})],
    "hardswish": [((X,), {}), ((2 * X,), {})],
    "hardshrink": [((X,), {"lambd": 0.5})],
    "softshrink": [((X,), {"lambd": 0.5})],
    "threshold": [((X,), {"threshold": 0.5, "value": -1.0})],
}
REAL_ONLY = set(SAMPLES) - {"silu", "rrelu_with_noise"}
