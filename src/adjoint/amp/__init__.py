"""`torch.amp`: what a training loop for several kinds of devices calls around mixed precision."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "autocast_mode": ("autocast", "custom_bwd", "custom_fwd", "is_autocast_available"),
    "grad_scaler": ("GradScaler",),
}
__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES)
