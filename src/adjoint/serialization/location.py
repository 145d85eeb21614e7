"""Where storages go that are loaded: to the CPU, or where `map_location` sends them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.core.device import device as Device
from adjoint.serialization.storage import UntypedStorage

__all__ = ["default_restore_location", "location_tag", "restorer"]

Restore = Callable[[UntypedStorage, str], UntypedStorage]


def location_tag(storage: Any) -> str:
    """How a file says where a storage was: "cpu"."""
    return "cpu"


def default_restore_location(storage: UntypedStorage, location: str) -> UntypedStorage:
    """The storage, where it was on the CPU; an error in PyTorch's words where it was elsewhere."""
    if location == "cpu":
        return storage
    if location.startswith("cuda"):
        raise RuntimeError(
            "Attempting to deserialize object on a CUDA device but torch.cuda.is_available() is False. If you are running on "
            "a CPU-only machine, please use torch.load with map_location=torch.device('cpu') to map your storages to the CPU."
        )
    raise RuntimeError(
        "don't know how to restore data location of torch.storage.UntypedStorage (tagged with " + location + ")\n"
        'Adjoint computes on the CPU: pass map_location="cpu".'
    )


def restorer(map_location: Any) -> Restore:
    """The function that a storage and its location go through, for any `map_location` that PyTorch takes."""
    if map_location is None:
        return default_restore_location
    if isinstance(map_location, dict):
        return lambda storage, location: default_restore_location(storage, map_location.get(location, location))
    if isinstance(map_location, bytes):
        map_location = map_location.decode("ascii")
    if isinstance(map_location, str | Device):
        return lambda storage, _: default_restore_location(storage, str(map_location))
    return lambda storage, location: _called(map_location, storage, location)


def _called(map_location: Any, storage: UntypedStorage, location: str) -> UntypedStorage:
    moved = map_location(storage, location)
    if moved is None:
        return default_restore_location(storage, location)
    if not isinstance(moved, UntypedStorage) or moved.nbytes() != storage.nbytes():
        raise TypeError(
            f"map_location must return a storage of the same size, or None, not {type(moved).__name__}\n"
            "On the CPU return the storage that it got, as in map_location=lambda storage, location: storage."
        )
    return moved
