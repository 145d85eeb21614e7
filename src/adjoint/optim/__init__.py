"""`torch.optim`: optimizers, each in a file of its own, loaded when it is first used."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "adam": ("Adam", "AdamW", "Adamax", "NAdam", "RAdam"),
    "lbfgs": ("LBFGS",),
    "matrices": ("Adafactor", "Muon"),
    "optimizer": ("Optimizer",),
    "rescaling": ("ASGD", "Adadelta", "Adagrad", "RMSprop", "Rprop"),
    "sgd": ("SGD",),
}
__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES, {"lr_scheduler", "swa_utils"})
