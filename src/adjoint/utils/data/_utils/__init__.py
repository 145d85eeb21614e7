"""What a loader does with samples, by PyTorch's names of the files: fetch, collate, and what runs in a worker."""

from adjoint.utils.data._utils import collate, fetch, worker

__all__ = ["collate", "fetch", "worker"]
