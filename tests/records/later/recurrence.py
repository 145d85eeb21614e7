import numpy as np

SHRINKING = {"batch_sizes": (3, 2, 2), "reverse": False}
GROWING = {"batch_sizes": (3, 2, 2), "reverse": True}


def some(*shape, scale=1.0):
    """Numbers without a pattern."""
    return scale * np.sin(1.7 * np.arange(1.0, np.prod(shape) + 1) ** 1.3).reshape(shape)


HIDDEN, CELL = some(3, 2), some(3, 2)[::-1] * 0.8
SAMPLES = {
    "lstm": [
        ((some(7, 8), HIDDEN, CELL, some(8, 2)), SHRINKING),
        ((some(7, 8), HIDDEN, CELL, some(8, 2)), GROWING),
        ((some(7, 8), HIDDEN[:, :1].copy(), CELL, some(8, 1), some(1, 2)), SHRINKING),
    ],
    "gru": [
        ((some(7, 6), HIDDEN, some(6, 2)), SHRINKING),
        ((some(7, 6), HIDDEN, some(6, 2), some(6)), GROWING),
    ],
    "rnn": [
        ((some(7, 2), HIDDEN, some(2, 2)), {"nonlinearity": "tanh", **SHRINKING}),
        ((some(7, 2), HIDDEN, some(2, 2)), {"nonlinearity": "relu", **GROWING}),
    ],
    "pack_padded_sequence": [
        ((some(3, 2, 2),), {"moments": np.array([0, 0, 1, 2]), "members": np.array([0, 1, 0, 0])}),
    ],
    "pad_packed_sequence": [
        ((some(4, 2),), {"moments": np.array([0, 0, 1, 2]), "members": np.array([0, 1, 0, 0]), "shape": (3, 2, 2)}),
    ],
}
REAL_ONLY = {"lstm", "gru", "rnn"}
