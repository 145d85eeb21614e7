"""What a loader does with samples, by PyTorch's names of the files: fetch, collate, and what runs in a worker."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

__getattr__, __dir__, _ = _loaded_on_use(__name__, {}, {"collate", "fetch", "worker"})
