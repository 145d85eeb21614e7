"""`torch.nn`: the parts of neural networks."""

from adjoint.nn import functional

__all__ = ["functional"]
