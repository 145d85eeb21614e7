"""`torch.autograd`: backward passes, gradients, and the modes that say what is recorded."""

from adjoint.autograd import forward_ad, functional, profiler
from adjoint.autograd.entry import backward, grad
from adjoint.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = [
    "backward",
    "enable_grad",
    "forward_ad",
    "functional",
    "grad",
    "inference_mode",
    "no_grad",
    "profiler",
    "set_grad_enabled",
]
