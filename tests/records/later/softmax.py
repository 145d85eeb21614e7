import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])

Q, K, V = (np.sin(np.arange(1.0, 13) ** power).reshape(1, 2, 3, 2) for power in (1.3, 1.6, 1.9))
MASK = np.array([[0.5, -1, 0.25], [2, 0.125, -0.75], [1, 0.3, 0.7]])

SAMPLES = {
    "softmax": [((X,), {"axis": 1}), ((X,), {"axis": 0})],
    "log_softmax": [((X,), {"axis": 1}), ((X,), {"axis": 0})],
    "scaled_dot_product_attention": [
        ((Q, K, V), {"scale": 0.7, "is_causal": False}),
        ((Q, K, V), {"scale": 0.7, "is_causal": True}),
        ((Q, K, V, MASK), {"scale": 0.7, "is_causal": False}),
    ],
}
REAL_ONLY = {"softmax", "log_softmax", "scaled_dot_product_attention"}
