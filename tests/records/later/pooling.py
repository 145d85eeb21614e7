import numpy as np

from adjoint.arrays.kernels.pooling import Parts, Windows
from adjoint.arrays.kernels.resampling import Map
from tests.records.later.convolutions import numbers

_SIGNAL, _IMAGE, _VOLUME = numbers(2, 5), numbers(2, 4, 5), numbers(1, 4, 3, 4)
_INPUTS = {1: _SIGNAL, 2: _IMAGE, 3: _VOLUME}
_INDICES = np.array([[0, 3], [4, 1]])
_WINDOWS = {4: Windows(4, 2, 3, 2, 1, 1), 5: Windows(5, 3, 2, 1, 0, 2), 3: Windows(3, 2, 2, 1, 0, 1)}


def _maps(shape: tuple[int, ...], kind: str, target: int, options: tuple) -> dict[str, tuple[Map, ...]]:
    return {"maps": tuple(Map(kind, size, target, options) for size in shape)}


def _mapped(name: str, kind: str, target: int, *options: object, axes: tuple[int, ...] = (1, 2, 3)) -> dict:
    """A record for each number of axes, with the same map along all of them."""
    inputs = [(each, _INPUTS[each]) for each in axes]
    return {name.format(each): [((x,), _maps(x.shape[-each:], kind, target, options))] for each, x in inputs}


SAMPLES = {
    "plane_gather": [((_SIGNAL, _INDICES), {"axes": 1})],
    "plane_add": [((numbers(2, 2), _INDICES), {"sizes": (5,)})],
    **{f"max_unpool{axes}d": [((numbers(2, 2), _INDICES), {"sizes": (5, 1, 1)[:axes]})] for axes in (1, 2, 3)},
    **{
        f"max_pool{axes}d": [((x,), {"windows": tuple(_WINDOWS[size] for size in x.shape[-axes:])})]
        for axes, x in _INPUTS.items()
    },
    **{
        f"adaptive_max_pool{axes}d": [((x,), {"windows": tuple(Parts(size, 2) for size in x.shape[-axes:])})]
        for axes, x in _INPUTS.items()
    },
    **_mapped("avg_pool{}d", "pool", 2, 2, 2, 1, "inside"),
    **_mapped("adaptive_avg_pool{}d", "adaptive", 2),
    **_mapped("reflect_pad{}d", "reflect", 6, 2),
    **_mapped("replicate_pad{}d", "replicate", 6, -1),
    **_mapped("circular_pad{}d", "circular", 6, 1),
    **_mapped("upsample_nearest{}d", "nearest", 7, None, False),
    **_mapped("upsample_nearest_exact{}d", "nearest", 3, 0.7, True),
    **_mapped("upsample_linear{}d", "linear", 7, None, True, axes=(1,)),
    **_mapped("upsample_bilinear{}d", "linear", 3, None, False, axes=(2,)),
    **_mapped("upsample_trilinear{}d", "linear", 5, 1.2, False, axes=(3,)),
    **_mapped("upsample_bicubic{}d", "cubic", 6, None, False, axes=(2,)),
    **_mapped("upsample_bilinear{}d_aa", "antialiased", 3, None, False, "linear", axes=(2,)),
    **_mapped("upsample_bicubic{}d_aa", "antialiased", 3, None, False, "cubic", axes=(2,)),
    **_mapped("upsample_lanczos{}d_aa", "antialiased", 3, None, False, "lanczos", axes=(2,)),
    "resample": [
        ((_IMAGE,), {"maps": (Map("linear", 4, 6, (None, False)), Map("pool", 5, 2, (3, 2, 1, "padded")))}),
        ((numbers(2, 6),), {"maps": (Map("linear", 4, 6, (None, True), transposed=True),)}),
    ],
}
_TAPS = np.array([[[0, 2, 5], [3, -1, 1]], [[4, 4, 0], [-1, 2, 3]]])
_WEIGHTS = numbers(2, 2, 3)
SAMPLES |= {
    "sample_taps": [((numbers(2, 2, 6), _TAPS, _WEIGHTS), {})],
    "spread_taps": [((numbers(2, 2, 3), _TAPS, _WEIGHTS), {"size": 6})],
    "match_taps": [((numbers(2, 2, 3), numbers(2, 2, 6), _TAPS), {})],
    "grid_sampler_2d": [((numbers(2, 2, 6), _TAPS, _WEIGHTS), {"results": (1, 3)})],
    "grid_sampler_3d": [((numbers(2, 2, 6), _TAPS, _WEIGHTS), {"results": (3, 1, 1)})],
    "fractional_max_pool2d": [((numbers(1, 2, 5, 4), np.full((1, 2, 2), 0.3)), {"kernel": (2, 2), "counts": (3, 2)})],
    "fractional_max_pool3d": [
        ((numbers(1, 1, 4, 3, 4), np.full((1, 1, 3), 0.6)), {"kernel": (2, 2, 2), "counts": (2, 2, 3)})
    ],
}
REAL_ONLY = {name for name in SAMPLES if "max_pool" in name or "taps" in name or "grid" in name}
