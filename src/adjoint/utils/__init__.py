"""`torch.utils`: tools beside the operations."""

from adjoint.utils import checkpoint, hooks

__all__ = ["checkpoint", "hooks"]
