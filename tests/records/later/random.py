"""Samples of the records of random operations: what was drawn is an operand, held."""

import numpy as np

X = np.array([[0.31, -1.27, 2.13], [-0.62, 1.71, -2.58]])
DRAWN = np.array([[1.0, 0.0, 2.0], [0.0, 3.0, 1.0]])
ROW = np.array([0.77, -1.62, 1.31])
MASK = np.array([[True, False, True], [True, True, False]])

SAMPLES = {
    **{name: [((X, DRAWN), {})] for name in (
        "uniform", "normal", "normal_by_mean", "normal_by_std", "exponential", "cauchy", "geometric", "log_normal",
        "bernoulli", "bernoulli_in_place", "random_between", "random_below", "random", "poisson",
    )},
    "normal_by_both": [((X, ROW, DRAWN), {})],
    "bernoulli_by_tensor": [((X, ROW, DRAWN), {})],
    "native_dropout": [((X, MASK), {"scale": 2.0})],
}  # fmt: skip
