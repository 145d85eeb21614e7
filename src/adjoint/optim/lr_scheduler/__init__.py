"""`torch.optim.lr_scheduler`: how learning rates change from epoch to epoch."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "base": ("LRScheduler",),
    "combined": ("ChainedScheduler", "SequentialLR"),
    "cycles": ("CosineAnnealingWarmRestarts", "CyclicLR", "OneCycleLR"),
    "decays": (
        "ConstantLR", "CosineAnnealingLR", "ExponentialLR", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR",
        "PolynomialLR", "StepLR",
    ),
    "plateau": ("ReduceLROnPlateau",),
}  # fmt: skip

__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES)
