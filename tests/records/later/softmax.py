import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])

SAMPLES = {
    "softmax": [((X,), {"axis": 1}), ((X,), {"axis": 0})],
    "log_softmax": [((X,), {"axis": 1}), ((X,), {"axis": 0})],
}
REAL_ONLY = {"softmax", "log_softmax"}
