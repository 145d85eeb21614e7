import numpy as np

from adjoint.ops.nn.standardising import Layout

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
CUBE = np.arange(24.0).reshape(2, 4, 3) * 0.07 - np.cos(np.arange(24.0)).reshape(2, 4, 3)
WEIGHT = np.array([0.77, -0.62, 1.31, 0.4])
BIAS = np.array([0.27, 0.35, -0.31, 0.6])
ROWS = np.arange(15.0).reshape(5, 3)[::-1] * 0.31 - 1.7 * np.cos(1.3 * np.arange(15.0)).reshape(5, 3)

LAYERS = Layout((2, 4, 3), (1, 2), (4, 3), (4, 3), (2, 1, 1), True, True)
GROUPS = Layout((2, 2, 2, 3), (2, 3), (1, 2, 2, 1), (4,), (2, 2), True, True)
BATCH = Layout((2, 4, 3), (0, 2), (1, 4, 1), (4,), (4,), True, True)
BARE = {"scaled": False, "shifted": False}
NORMS = [{"p": each} for each in (1.0, 1.5, 2.0, 3.0, float("inf"))]

SAMPLES = {
    "trilinear": [((X, Y[:, :2], CUBE[:, :3, :2].copy()), {})],
    "native_layer_norm": [
        ((CUBE, CUBE[1] + 0.3, CUBE[0] - 0.2), {"layout": LAYERS, "eps": 0.1}),
        ((CUBE, 1, 0), {"layout": LAYERS._replace(**BARE), "eps": 0.1}),
    ],
    "native_group_norm": [
        ((CUBE, WEIGHT, BIAS), {"layout": GROUPS, "eps": 0.1}),
        ((CUBE, 1, 0), {"layout": GROUPS._replace(**BARE), "eps": 0.1}),
    ],
    "native_batch_norm": [
        ((CUBE, WEIGHT, BIAS), {"layout": BATCH, "eps": 0.1}),
        ((CUBE, 1, 0), {"layout": BATCH._replace(**BARE), "eps": 0.1}),
    ],
    "batch_norm_by_running": [
        ((CUBE, WEIGHT, BIAS, np.array([0, 1, -1, 2]), np.array([1, 2, 1, 3])), {"layout": BATCH, "eps": 0.1}),
    ],
    "embedding": [
        ((ROWS, np.array([[1, 0, 1], [4, 2, 1]])), {"padding": padding, "by_frequency": False}) for padding in (-1,)
    ],
    "dist": [((X, Y), each) for each in NORMS] + [((X, Y[:1]), {"p": 2.0})],
    "cdist": [((ROWS, Y), each) for each in NORMS],
    "euclidean_dist": [((ROWS, Y), {})],
    "pdist": [((ROWS,), each) for each in NORMS],
    "renorm": [((CUBE,), {"p": p, "axis": 1, "limit": 1.6}) for p in (1.0, 2.0, 3.0, float("inf"))],
}
REAL_ONLY = set(SAMPLES) - {"trilinear", "embedding"}
