"""`torch.backends`: the switches of the libraries beneath PyTorch, which programs set on the way.

Adjoint has none of these libraries. A switch keeps what it is set to, and changes nothing.

>>> import adjoint as torch
>>> torch.backends.cudnn.benchmark = True
>>> torch.backends.cudnn.benchmark, torch.backends.cudnn.is_available()
(True, False)
>>> torch.backends.cudnn.benchmark = False
"""

from adjoint.core.face import loaded_on_use as _loaded_on_use

__getattr__, __dir__, __all__ = _loaded_on_use(
    __name__, {}, {"cpu", "cuda", "cudnn", "mkl", "mkldnn", "mps", "openmp", "opt_einsum"}
)

fp32_precision = "none"
