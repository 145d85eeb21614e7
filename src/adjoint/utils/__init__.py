"""`torch.utils`: tools beside the operations."""

from adjoint.utils import checkpoint, dlpack, hooks

__all__ = ["checkpoint", "dlpack", "hooks"]
