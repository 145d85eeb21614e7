"""`torch.autograd`: backward passes, gradients, and the modes that say what is recorded."""

from adjoint.autograd import profiler
from adjoint.autograd.entry import backward, grad
from adjoint.autograd.grad_mode import enable_grad, inference_mode, no_grad, set_grad_enabled

__all__ = ["backward", "enable_grad", "grad", "inference_mode", "no_grad", "profiler", "set_grad_enabled"]
