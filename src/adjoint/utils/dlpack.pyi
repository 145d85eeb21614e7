"""`torch.utils.dlpack`: memory shared with other libraries by DLPack.

Written by `python -m tools.stubs`: do not edit.
"""

from adjoint.core.tensor import Tensor
from typing import Any
import builtins

def from_dlpack(ext_tensor: Any, *, device: Any = ..., copy: builtins.bool | None = ...) -> Tensor: ...
def to_dlpack(tensor: Tensor) -> Any: ...
