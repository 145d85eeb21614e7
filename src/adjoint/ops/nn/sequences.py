"""Sequences of several lengths: side by side and padded, or packed one moment after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from adjoint.core.statements import linear
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import to_dtype
from adjoint.ops.filling import masked_fill
from adjoint.ops.joining import cat

#: rows of a padded batch, of shape (moments, sequences, ...), by the moment and the sequence of each
_packed = linear(
    "pack_padded_sequence",
    lambda xp, x, *, moments, members: xp.getitem(x, (moments, members)),
    transpose=lambda xp, g, x_shape, *, moments, members: xp.place(g, (moments, members), x_shape),
)
_unpacked = linear(
    "pad_packed_sequence",
    lambda xp, x, *, moments, members, shape: xp.place(x, (moments, members), shape),
    transpose=lambda xp, g, *, moments, members: xp.getitem(g, (moments, members)),
)


def _places(batch_sizes: Sequence[int]) -> dict[str, np.ndarray]:
    """The moment and the sequence of each row of packed sequences."""
    moments = np.repeat(np.arange(len(batch_sizes)), batch_sizes)
    members = np.concatenate([np.arange(count) for count in batch_sizes])
    return {"moments": moments, "members": members}


def pack_padded(input: Tensor, lengths: Tensor, batch_first: bool) -> tuple[Tensor, Tensor]:
    """The rows of a padded batch, packed; and how many sequences reach each moment."""
    if not input.numel():
        raise RuntimeError("Cannot pack empty tensors.")
    if lengths.ndim != 1:
        raise RuntimeError(
            f"'lengths' argument should be a 1D CPU int64 tensor, but got {lengths.ndim}D cpu Long tensor"
        )
    x = input.transpose(0, 1) if batch_first else input
    known = np.asarray(lengths.detach()._data)
    if len(known) != x.size(1):
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(known)} (batch_size={x.size(1)})"
        )
    if (known <= 0).any():
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' that is <= 0"
        )
    if (np.diff(known) > 0).any():
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. You can pass "
            "`enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to sidestep this requirement if you do "
            "not need ONNX exportability."
        )
    if known[0] > x.shape[0]:
        raise RuntimeError(f"Expected lengths of at most {x.shape[0]}, as the input has, but got {known[0]}")
    batch_sizes = (np.arange(known[0])[:, None] < known).sum(1)
    return _packed(x, **_places(batch_sizes)), wrap(batch_sizes)


def pad_packed(
    data: Tensor, batch_sizes: Tensor, batch_first: bool, padding_value: float, total_length: int
) -> tuple[Tensor, Tensor]:
    """Packed rows as a padded batch of some length; and the length of each sequence."""
    counts = batch_sizes.detach()._data
    shape = (total_length, int(counts[0]), *data.shape[1:])
    x = _unpacked(data, **_places(counts), shape=shape)
    lengths = (counts[:, None] > np.arange(counts[0])).sum(0)
    if padding_value:
        beyond = np.arange(total_length)[:, None] >= lengths
        x = masked_fill(x, wrap(beyond.reshape(beyond.shape + (1,) * (x.ndim - 2))), padding_value)
    return x.transpose(0, 1) if batch_first else x, wrap(lengths)


def padded(sequences: Sequence[Tensor], batch_first: bool, padding_value: float, padding_side: str) -> Tensor:
    """Sequences of several lengths, side by side."""
    if not sequences:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(f"Expected padding_side to be one of left or right, but got {padding_side}.")
    first = sequences[0]
    lengths = np.array([each.shape[0] for each in sequences])
    for each in sequences:
        for axis, (size, expected) in enumerate(zip(each.shape[1:], first.shape[1:], strict=True), 1):
            if size != expected:
                raise RuntimeError(
                    f"The size of tensor a ({expected}) must match the size of tensor b ({size}) at non-singleton "
                    f"dimension {axis}"
                )
    longest = lengths.max()
    rows = cat([to_dtype(each, first.dtype) for each in sequences])
    members = np.repeat(np.arange(len(lengths)), lengths)
    moments = np.concatenate([np.arange(length) for length in lengths])
    if padding_side == "left":
        moments = moments + np.repeat(longest - lengths, lengths)
    beyond = np.ones((longest, len(lengths)), bool)
    beyond[moments, members] = False
    x = _unpacked(rows, moments=moments, members=members, shape=(int(longest), len(lengths), *first.shape[1:]))
    if padding_value:
        x = masked_fill(x, wrap(beyond.reshape(beyond.shape + (1,) * (x.ndim - 2))), padding_value)
    return x.transpose(0, 1) if batch_first else x
