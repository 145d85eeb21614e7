"""`torch.nn.utils`: what programs do with parameters and with batches of sequences."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {}
__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES, {"rnn"})
