"""`torch.utils`: tools beside the operations."""

from adjoint.core.face import loaded_on_use as _loaded_on_use
from adjoint.utils import checkpoint, dlpack, hooks

__all__ = ["checkpoint", "data", "dlpack", "hooks"]

__getattr__, __dir__, _ = _loaded_on_use(__name__, {}, {"data"})
