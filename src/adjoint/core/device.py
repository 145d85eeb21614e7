"""Devices: there is one, the CPU; the others are known by name, so that asking for them says what is missing."""

from __future__ import annotations

from typing import Any

_TYPES = (
    "cpu, cuda, ipu, xpu, mkldnn, opengl, opencl, ideep, hip, ve, fpga, maia, xla, lazy, vulkan, mps, meta, hpu, mtia, "
    "privateuseone"
)


class device:  # noqa: N801  (PyTorch's name)
    """Where a tensor's memory is: `device("cpu")`, `device("cuda:1")`, `device("cuda", 1)`.

    >>> import adjoint as torch
    >>> torch.device("cpu"), torch.zeros(2).device.type
    (device(type='cpu'), 'cpu')
    """

    __slots__ = ("index", "type")

    type: str
    index: int | None

    def __init__(self, type: Any, index: int | None = None) -> None:
        if isinstance(type, device):
            type, index = type.type, type.index if index is None else index
        elif isinstance(type, int) and not isinstance(type, bool):
            raise RuntimeError("Cannot access accelerator device when none is available.")
        elif not isinstance(type, str):
            raise TypeError(
                f"device() received an invalid combination of arguments - got ({type.__class__.__name__}), but expected "
                'one of:\na name, as in device("cpu")'
            )
        elif ":" in type or not type:
            name, _, number = type.partition(":")
            if not type:
                raise RuntimeError("Device string must not be empty")
            if not number.isdecimal() or index is not None:
                raise RuntimeError(f"Invalid device string: '{type}'")
            type, index = name, int(number)
        if type not in _TYPES.split(", "):
            raise RuntimeError(f"Expected one of {_TYPES} device type at start of device string: {type}")
        object.__setattr__(self, "type", type)
        object.__setattr__(self, "index", index)

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"attribute '{name}' of 'torch.device' objects is not writable")

    def __repr__(self) -> str:
        return f"device(type='{self.type}'{'' if self.index is None else f', index={self.index}'})"

    def __str__(self) -> str:
        return self.type if self.index is None else f"{self.type}:{self.index}"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, device) and (self.type, self.index) == (other.type, other.index)

    def __hash__(self) -> int:
        return hash((self.type, self.index))

    def __reduce__(self) -> tuple:
        return device, (self.type, self.index)


CPU = device("cpu")


def check_device(where: Any, function: str = "to") -> None:
    """Refuse, in PyTorch's words, a device that is not the CPU. None stands for the CPU."""
    if where is None or (where.__class__ is str and where == "cpu"):
        return
    if not isinstance(where, device | str | int) or isinstance(where, bool):
        raise TypeError(f"{function}(): argument 'device' must be torch.device, not {type(where).__name__}")
    named = where if isinstance(where, device) else device(where)
    if named.type == "cpu":
        return
    if named.type == "cuda":
        raise AssertionError("Torch not compiled with CUDA enabled\nAdjoint computes on the CPU: leave the device out.")
    raise RuntimeError(
        f"PyTorch is not linked with support for {named.type} devices\nAdjoint computes on the CPU: leave the device out."
    )
