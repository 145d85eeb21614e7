import numpy as np

from adjoint.arrays.kernels.convolution import Geometry


def numbers(*shape: int) -> np.ndarray:
    count = np.arange(float(np.prod(shape)))
    return (np.cos(count * 1.7) * (1 + 0.1 * count)).reshape(shape)


_SIGNAL, _WEIGHT, _BIAS = numbers(2, 4, 6), numbers(2, 2, 3), numbers(2)
_GROUPED = {"geometry": Geometry((2,), ((1, 2),), (1,), 2)}
_PLAIN = {"geometry": Geometry((1, 1), ((0, 0), (1, 1)), (1, 2))}
_IMAGE, _KERNELS = numbers(1, 2, 3, 4), numbers(2, 2, 2, 2)

SAMPLES = {
    "convolution": [((_SIGNAL, _WEIGHT), _GROUPED), ((_IMAGE, _KERNELS), _PLAIN)],
    "convolution_biased": [((_SIGNAL, _WEIGHT, _BIAS), _GROUPED), ((_IMAGE, _KERNELS, _BIAS), _PLAIN)],
    "convolution_transposed": [
        ((numbers(2, 2, 4), _WEIGHT), _GROUPED | {"sizes": (6,)}),
        ((numbers(1, 2, 2, 4), _KERNELS), _PLAIN | {"sizes": (3, 4)}),
    ],
    "convolution_transposed_biased": [
        ((numbers(1, 2, 2, 4), _KERNELS, _BIAS), _PLAIN | {"sizes": (3, 4)}),
    ],
    "convolution_weight": [
        ((numbers(2, 2, 4), _SIGNAL), _GROUPED | {"kernel": (3,)}),
        ((numbers(1, 2, 2, 4), _IMAGE), _PLAIN | {"kernel": (2, 2)}),
    ],
    "im2col": [((_IMAGE,), _PLAIN | {"kernel": (2, 2)})],
    "col2im": [((numbers(1, 8, 8),), _PLAIN | {"kernel": (2, 2), "sizes": (3, 4)})],
    "constant_pad_nd": [
        ((_IMAGE,), {"padding": ((1, 2), (-1, 1)), "value": 0.5}),
        ((_SIGNAL,), {"padding": ((-1, -2),), "value": 0}),
    ],
    "pixel_shuffle": [((numbers(1, 4, 2, 3),), {"factor": 2})],
    "pixel_unshuffle": [((numbers(1, 1, 4, 2),), {"factor": 2})],
    "channel_shuffle": [((numbers(1, 6, 2),), {"groups": 2})],
}
