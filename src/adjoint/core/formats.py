"""Names for how a tensor lies in memory, as PyTorch's functions take them."""

from __future__ import annotations


class memory_format:  # noqa: N801  (PyTorch's name)
    """The order in which a tensor's elements lie in memory."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # a global of this module


class layout:  # noqa: N801
    """The kind of memory behind a tensor: strided is the only one that tensors have here."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        return f"torch.{self.name}"

    def __reduce__(self) -> str:
        return self.name  # a global of this module


contiguous_format = memory_format("contiguous_format")
preserve_format = memory_format("preserve_format")
channels_last = memory_format("channels_last")
strided = layout("strided")
sparse_coo = layout("sparse_coo")  # which no function makes: it is there to be asked for, and refused
