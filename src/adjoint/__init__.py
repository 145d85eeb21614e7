"""Adjoint: automatic differentiation with PyTorch's interface, in Python on NumPy.

>>> import adjoint as torch
>>> x = torch.tensor(3.0, requires_grad=True)
>>> y = torch.sin(x ** 2)
>>> y.backward()
>>> x.grad
tensor(-5.4668)
"""

from math import e, inf, nan, pi

from adjoint import autograd, fft, func, linalg, masked, nn, ops, optim, random, serialization, signal, special, utils
from adjoint.autograd.anomaly_mode import is_anomaly_check_nan_enabled, is_anomaly_enabled
from adjoint.autograd.grad_mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    is_inference,
    is_inference_mode_enabled,
    no_grad,
    set_grad_enabled,
)
from adjoint.compiler import compile, get_num_threads, set_num_threads
from adjoint.core import forward as _forward
from adjoint.core.collector import look_less_often as _look_less_often
from adjoint.core.device import device
from adjoint.core.dtypes import DTYPES as _DTYPES
from adjoint.core.dtypes import dtype, get_default_dtype, set_default_dtype
from adjoint.core.dtypes import promote as promote_types
from adjoint.core.exports import exports as _exports
from adjoint.core.face import loaded_on_use as _loaded_on_use
from adjoint.core.formats import (
    channels_last,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    sparse_coo,
    strided,
)
from adjoint.core.limits import finfo, iinfo
from adjoint.core.printing import set_printoptions
from adjoint.core.random import Generator, default_generator
from adjoint.core.tensor import Size, Tensor
from adjoint.func import vmap
from adjoint.insight import check_gradient, draw, explain, why

__version__ = "0.1.0"

newaxis = None

for _dtype in _DTYPES:
    globals().update(dict.fromkeys((_dtype.name, *_dtype.aliases), _dtype))
globals().update(ops.legacy.CONSTRUCTORS)
for _export in _exports.values():
    if not _export.module and _export.on_module:
        globals()[_export.name] = _export.function

_look_less_often()

_FILES = {
    "amp.autocast_mode": (
        "autocast", "autocast_decrement_nesting", "autocast_increment_nesting", "clear_autocast_cache",
        "get_autocast_cpu_dtype", "get_autocast_dtype", "get_autocast_gpu_dtype", "is_autocast_cache_enabled",
        "is_autocast_cpu_enabled", "is_autocast_enabled", "set_autocast_cache_enabled", "set_autocast_cpu_dtype",
        "set_autocast_cpu_enabled", "set_autocast_dtype", "set_autocast_enabled", "set_autocast_gpu_dtype",
    ),
    "amp.grad_scaler": ("GradScaler",),
    "backends.settings": (
        "are_deterministic_algorithms_enabled", "get_default_device", "get_deterministic_debug_mode", "get_device_module",
        "get_float32_matmul_precision", "get_num_interop_threads", "is_deterministic_algorithms_warn_only_enabled",
        "is_warn_always_enabled", "set_default_device", "set_default_tensor_type", "set_deterministic_debug_mode",
        "set_float32_matmul_precision", "set_flush_denormal", "set_num_interop_threads", "set_warn_always",
        "use_deterministic_algorithms",
    ),
    "serialization.loading": ("load",),
    "serialization.saving": ("save",),
}  # fmt: skip
_PACKAGES = {"accelerator", "amp", "backends", "cpu", "cuda", "mps", "mtia", "multiprocessing", "version", "xpu"}
__getattr__, __dir__, _ = _loaded_on_use(__name__, _FILES, _PACKAGES, otherwise=ops.later.face(__name__))
