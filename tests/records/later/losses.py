import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
Y = np.array([[1.42, 0.37, -0.83], [2.21, -1.16, 0.94]])
SHARES = 0.5 + 0.15 * X
OTHER_SHARES = 0.5 + 0.17 * Y
SIGNS = np.array([[1.0, -1.0, 1.0], [-1.0, -1.0, 1.0]])
WEIGHT = np.array([0.77, 0.62, 1.31])
CLASSES = np.array([2, 0])
PLANES = np.arange(24.0).reshape(2, 3, 4) * 0.07 - np.cos(np.arange(24.0)).reshape(2, 3, 4)
REDUCTIONS = [{"reduction": each} for each in ("none", "mean", "sum")]
LISTED = np.array([[1, -1, 0], [2, 0, -1]])
STEPS = np.log(np.array([
    [[0.2, 0.5, 0.3], [0.6, 0.3, 0.1]],
    [[0.1, 0.4, 0.5], [0.25, 0.35, 0.4]],
    [[0.7, 0.2, 0.1], [0.45, 0.1, 0.45]],
    [[0.3, 0.3, 0.4], [0.15, 0.65, 0.2]],
]))  # fmt: skip
STATES = np.array([[0, 1, 0, 1, 0], [0, 2, 0, 0, 0]])

SAMPLES = {
    "mse_loss": [((X, Y), {"width": 1, **each}) for each in REDUCTIONS],
    "smooth_l1_loss": [((X, Y), {"width": 1.4, **each}) for each in REDUCTIONS],
    "huber_loss": [((X, Y), {"width": 1.4, **each}) for each in REDUCTIONS],
    "binary_cross_entropy": [
        *[((SHARES, OTHER_SHARES, 1), each) for each in REDUCTIONS],
        ((SHARES, OTHER_SHARES, WEIGHT), {"reduction": "mean"}),
    ],
    "binary_cross_entropy_with_logits": [
        *[((X, OTHER_SHARES, 1, 1), each) for each in REDUCTIONS],
        ((X, OTHER_SHARES, WEIGHT, WEIGHT[::-1].copy()), {"reduction": "mean"}),
    ],
    "soft_margin_loss": [((X, SIGNS), each) for each in REDUCTIONS],
    "nll_loss": [
        *[((X, CLASSES, 1), {"ignore_index": -100, **each}) for each in REDUCTIONS],
        ((X, CLASSES, WEIGHT), {"ignore_index": -100, "reduction": "mean"}),
        ((X, CLASSES, WEIGHT), {"ignore_index": 2, "reduction": "sum"}),
    ],
    "nll_loss_2d": [((PLANES, np.array([[0, 2, 1, 1], [1, 0, 2, 0]]), WEIGHT), {"ignore_index": 2, **REDUCTIONS[1]})],
    "multi_margin_loss": [
        *[((X, CLASSES, 1), {"p": 1, "margin": 0.9, **each}) for each in REDUCTIONS],
        ((X, CLASSES, WEIGHT), {"p": 2, "margin": 0.9, "reduction": "mean"}),
    ],
    "multilabel_margin_loss": [((X, LISTED), each) for each in REDUCTIONS],
    "ctc_loss": [((STEPS, STATES), {"lengths": (2, 1), "steps": (4, 3)})],
}
REAL_ONLY = set(SAMPLES)
