"""`torch.cpu.amp`: earlier names of what is in `torch.amp`, for the CPU."""

from adjoint.amp.earlier import earlier
from adjoint.core.dtypes import bfloat16

__all__ = ["GradScaler", "autocast"]

autocast, GradScaler = earlier("cpu", bfloat16)
