"""`torch.cuda.amp`: earlier names of what is in `torch.amp`, for CUDA."""

import functools

from adjoint.amp import autocast_mode
from adjoint.amp.earlier import earlier
from adjoint.core.dtypes import float16

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd"]

autocast, GradScaler = earlier("cuda", float16)
custom_fwd = functools.partial(autocast_mode.custom_fwd, device_type="cuda")
custom_bwd = functools.partial(autocast_mode.custom_bwd, device_type="cuda")
