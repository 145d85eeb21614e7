"""`torch.nn.utils.rnn`: batches of sequences of several lengths, packed, as recurrent layers take them, or padded."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from adjoint.core import dtypes
from adjoint.core.tensor import Tensor
from adjoint.ops.creation import empty_like
from adjoint.ops.data import as_tensor
from adjoint.ops.nn.sequences import pack_padded, pad_packed, padded
from adjoint.ops.ordering import sort
from adjoint.ops.ranges import arange

__all__ = [
    "PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
    "unpack_sequence", "unpad_sequence",
]  # fmt: skip


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


class PackedSequence(_Packed):
    """Sequences of several lengths in one tensor: the first elements of all, then the second ones, and so on.

    `batch_sizes` says how many sequences there are at each place; the longest come first. `sorted_indices` is the order
    that they were brought into, and `unsorted_indices` leads back. Made by `pack_sequence` and `pack_padded_sequence`.
    """

    __slots__ = ()

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> PackedSequence:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def _with(self, change: Callable[[Tensor], Tensor]) -> PackedSequence:
        data = change(self.data)
        return self if data is self.data else type(self)(data, *self[1:])

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences with `data` as `Tensor.to` gives it."""
        return self._with(lambda data: data.to(*args, **kwargs))

    def cpu(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences in the memory of the processor."""
        return self._with(lambda data: data.cpu(*args, **kwargs))

    def cuda(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences in the memory of a graphics processor."""
        return self._with(lambda data: data.cuda(*args, **kwargs))

    def pin_memory(self) -> PackedSequence:
        """Refused: memory is pinned for the sake of an accelerator, and there is none."""
        raise RuntimeError("Cannot access accelerator device when none is available.")

    def double(self) -> PackedSequence:
        """The same sequences as float64."""
        return self.to(dtype=dtypes.float64)

    def float(self) -> PackedSequence:
        """The same sequences as float32."""
        return self.to(dtype=dtypes.float32)

    def half(self) -> PackedSequence:
        """The same sequences as float16."""
        return self.to(dtype=dtypes.float16)

    def long(self) -> PackedSequence:
        """The same sequences as int64."""
        return self.to(dtype=dtypes.int64)

    def int(self) -> PackedSequence:
        """The same sequences as int32."""
        return self.to(dtype=dtypes.int32)

    def short(self) -> PackedSequence:
        """The same sequences as int16."""
        return self.to(dtype=dtypes.int16)

    def char(self) -> PackedSequence:
        """The same sequences as int8."""
        return self.to(dtype=dtypes.int8)

    def byte(self) -> PackedSequence:
        """The same sequences as uint8."""
        return self.to(dtype=dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """Whether the sequences are in the memory of a graphics processor."""
        return self.data.is_cuda

    def is_pinned(self) -> bool:
        """Whether the sequences are in memory that is never swapped out."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one; None for None.

    >>> import adjoint as torch
    >>> torch.nn.utils.rnn.invert_permutation(torch.tensor([2, 0, 1]))
    tensor([1, 2, 0])
    """
    if permutation is None:
        return None
    return empty_like(permutation).scatter_(0, permutation, arange(permutation.numel()))


def pack_padded_sequence(
    input: Tensor, lengths: Tensor | list[int], batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch of sequences, of shape (longest, batch, *), or (batch, longest, *) with `batch_first`.

    The longest sequences come first: they must do so in the batch, or, without `enforce_sorted`, are brought into that
    order, which the result remembers.

    >>> import adjoint as torch
    >>> torch.nn.utils.rnn.pack_padded_sequence(torch.tensor([[1, 4], [2, 5], [3, 0]]), [3, 2]).data
    tensor([1, 4, 2, 5, 3])
    """
    known = as_tensor(lengths, dtype=dtypes.int64)
    order = None
    if not enforce_sorted:
        known, order = sort(known, descending=True)
        input = input.index_select(0 if batch_first else 1, order)
    data, batch_sizes = pack_padded(input, known, batch_first)
    return PackedSequence(data, batch_sizes, order)


def pad_packed_sequence(
    sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0, total_length: int | None = None
) -> tuple[Tensor, Tensor]:
    """Packed sequences side by side, padded, in the order that they once had; and their lengths.

    >>> import adjoint as torch
    >>> rnn = torch.nn.utils.rnn
    >>> rnn.pad_packed_sequence(rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]), batch_first=True)
    (tensor([[1, 2],
            [3, 0]]), tensor([2, 1]))
    """
    longest = sequence.batch_sizes.shape[0]
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, but got "
            f"total_length={total_length} and max sequence length being {longest}"
        )
    length = longest if total_length is None else total_length
    side_by_side, lengths = pad_packed(sequence.data, sequence.batch_sizes, batch_first, padding_value, length)
    order = sequence.unsorted_indices
    if order is None:
        return side_by_side, lengths
    return side_by_side.index_select(0 if batch_first else 1, order), lengths[order]


def pad_sequence(
    sequences: Tensor | list[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences of shape (length, *) side by side, padded to the longest: (longest, batch, *), or (batch, longest, *).

    >>> import adjoint as torch
    >>> torch.nn.utils.rnn.pad_sequence([torch.tensor([1, 2]), torch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            f"pad_sequence: Expected iterable for input sequences, but got arg of type: {type(sequences)}"
        )
    return padded(tuple(sequences), batch_first, padding_value, padding_side)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The sequences of a padded batch, in a list. Without `batch_first` the batch is transposed in place.

    >>> import adjoint as torch
    >>> torch.nn.utils.rnn.unpad_sequence(torch.tensor([[1, 2], [3, 0]]), torch.tensor([2, 1]), batch_first=True)
    [tensor([1, 2]), tensor([3])]
    """
    if not batch_first:
        padded_sequences.transpose_(0, 1)
    places = arange(padded_sequences.shape[1])
    return [each[places < length] for each, length in zip(padded_sequences, lengths, strict=True)]


def pack_sequence(sequences: list[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences of shape (length, *), the longest first unless `enforce_sorted` is False.

    >>> import adjoint as torch
    >>> torch.nn.utils.rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]).data
    tensor([1, 3, 2])
    """
    lengths = as_tensor([each.shape[0] for each in sequences])
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences, in a list.

    >>> import adjoint as torch
    >>> rnn = torch.nn.utils.rnn
    >>> rnn.unpack_sequence(rnn.pack_sequence([torch.tensor([1, 2]), torch.tensor([3])]))
    [tensor([1, 2]), tensor([3])]
    """
    side_by_side, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(side_by_side, lengths, batch_first=True)
