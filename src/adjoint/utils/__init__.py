"""`torch.utils`: tools beside the operations."""

from adjoint.utils import hooks

__all__ = ["hooks"]
