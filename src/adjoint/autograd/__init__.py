"""`torch.autograd`: backward passes, gradients, and the modes that say what is recorded."""

from adjoint.autograd import anomaly_mode, forward_ad, function, functional, grad_mode, graph, profiler, variable
from adjoint.autograd.anomaly_mode import detect_anomaly, set_detect_anomaly
from adjoint.autograd.entry import backward, grad
from adjoint.autograd.function import Function
from adjoint.autograd.grad_mode import (
    _force_original_view_tracking as _force_original_view_tracking,
)
from adjoint.autograd.grad_mode import (
    enable_grad,
    enforce_grad_layout_policy,
    inference_mode,
    no_grad,
    set_grad_enabled,
    set_multithreading_enabled,
)
from adjoint.autograd.gradcheck import gradcheck, gradgradcheck
from adjoint.autograd.variable import Variable

__all__ = [
    "Function",
    "Variable",
    "anomaly_mode",
    "backward",
    "detect_anomaly",
    "enable_grad",
    "enforce_grad_layout_policy",
    "forward_ad",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "no_grad",
    "profiler",
    "set_detect_anomaly",
    "set_grad_enabled",
    "set_multithreading_enabled",
    "variable",
]
