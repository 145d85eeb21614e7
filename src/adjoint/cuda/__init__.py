"""`torch.cuda`: the answers of a machine without a GPU.

>>> import adjoint as torch
>>> "cuda" if torch.cuda.is_available() else "cpu"
'cpu'
"""

from sys import modules as _modules
from typing import Any, NoReturn

from adjoint.core.absent import absent_attribute as _absent_attribute
from adjoint.cuda import amp

__all__ = [
    "amp", "current_device", "current_stream", "device_count", "empty_cache", "get_arch_list", "get_device_capability",
    "get_device_name", "get_device_properties", "get_rng_state", "get_rng_state_all", "init", "initial_seed",
    "is_available", "is_bf16_supported", "is_initialized", "is_tf32_supported", "ipc_collect", "manual_seed",
    "manual_seed_all", "max_memory_allocated", "max_memory_cached", "max_memory_reserved", "mem_get_info",
    "memory_allocated", "memory_cached", "memory_reserved", "memory_stats", "reset_peak_memory_stats", "seed", "seed_all",
    "set_device", "set_rng_state_all", "synchronize",
]  # fmt: skip

__getattr__ = _absent_attribute(_modules[__name__])


def is_available() -> bool:
    """No."""
    return False


def is_bf16_supported(including_emulation: bool = True) -> bool:
    """No."""
    return False


def is_initialized() -> bool:
    """No."""
    return False


def device_count() -> int:
    """None."""
    return 0


def manual_seed(seed: int) -> None:
    """Nothing: there is no generator to seed."""


def manual_seed_all(seed: int) -> None:
    """Nothing, for all GPUs."""


def empty_cache() -> None:
    """Nothing."""


def memory_allocated(device: Any = None) -> int:
    """None."""
    return 0


max_memory_allocated = memory_reserved = max_memory_reserved = memory_cached = max_memory_cached = memory_allocated


def memory_stats(device: Any = None) -> dict[str, Any]:
    """Nothing to count."""
    return {}


def reset_peak_memory_stats(device: Any = None) -> None:
    """Nothing."""


def seed() -> None:
    """Nothing: there is no generator to seed."""


def seed_all() -> None:
    """Nothing, for all GPUs."""


def get_rng_state_all() -> list:
    """The states of no generators."""
    return []


def set_rng_state_all(new_states: Any) -> None:
    """Nothing, for all GPUs."""


def get_arch_list() -> list[str]:
    """None that it was built for."""
    return []


def is_tf32_supported() -> bool:
    """No."""
    return False


def _refused(*args: Any, **kwargs: Any) -> NoReturn:
    """Refused: there is none."""
    raise _no_gpu()


current_device = current_stream = set_device = synchronize = init = ipc_collect = initial_seed = _refused
get_device_name = get_device_capability = get_device_properties = get_rng_state = mem_get_info = _refused


def _no_gpu() -> AssertionError:
    return AssertionError("Torch not compiled with CUDA enabled\nAdjoint computes on the CPU.")
