"""`torch.utils.data._utils.collate`: batches made of samples."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping, MutableMapping, MutableSequence, Sequence
from typing import Any

import numpy as np

from adjoint.core.dtypes import float64
from adjoint.core.tensor import Tensor
from adjoint.ops.data import as_tensor, tensor
from adjoint.ops.joining import stack

__all__ = ["collate", "default_collate", "default_collate_fn_map", "default_convert"]

default_collate_err_msg_format = (
    "default_collate: batch must contain tensors, numpy arrays, numbers, dicts or lists; found {}"
)

Collate = Callable[..., Any]


def _is_text(dtype: np.dtype) -> bool:
    """Whether an array holds strings or objects, which no tensor does."""
    return dtype.kind in "SUO" or "a" in dtype.str


def _remade_mapping(original: Mapping, values: dict) -> Any:
    """A mapping like `original` with other values; a dict where its kind cannot be made so."""
    try:
        if isinstance(original, MutableMapping):  # it may have more to it than its items
            clone = copy.copy(original)
            clone.update(values)
            return clone
        return type(original)(values)  # type: ignore[call-arg]
    except TypeError:
        return values


def _remade_sequence(original: Sequence, items: list) -> Any:
    """A sequence like `original` with other items; a list where its kind cannot be made so."""
    try:
        if isinstance(original, MutableSequence):
            clone = copy.copy(original)
            for place, item in enumerate(items):
                clone[place] = item
            return clone
        return type(original)(items)  # type: ignore[call-arg]
    except TypeError:
        return items


def default_convert(data: Any) -> Any:
    """A sample with tensors in the place of NumPy's arrays and numbers: what a loader gives that makes no batches.

    >>> import numpy as np
    >>> from adjoint.utils.data import default_convert
    >>> default_convert({"x": np.ones(2), "label": "one"})
    {'x': tensor([1., 1.], dtype=torch.float64), 'label': 'one'}
    """
    kind = type(data)
    if isinstance(data, Tensor):
        return data
    if kind.__module__ == "numpy" and kind is not np.str_:
        return data if kind is np.ndarray and _is_text(data.dtype) else as_tensor(data)
    if isinstance(data, Mapping):
        return _remade_mapping(data, {key: default_convert(data[key]) for key in data})
    if isinstance(data, tuple):
        items = [default_convert(each) for each in data]
        return kind(*items) if hasattr(data, "_fields") else items  # PyTorch makes a list of a tuple
    if isinstance(data, Sequence) and not isinstance(data, (str, bytes)):
        return _remade_sequence(data, [default_convert(each) for each in data])
    return data


def collate(batch: Any, *, collate_fn_map: dict[Any, Collate] | None = None) -> Any:
    """One value of a list of samples, by the function that the map has for their type, or item by item.

    Each function takes the list, and the map as `collate_fn_map`.

    >>> from adjoint.utils.data._utils.collate import collate
    >>> def longest(batch, *, collate_fn_map=None):
    ...     return max(batch, key=len)
    >>> collate([{"word": "a"}, {"word": "bc"}], collate_fn_map={str: longest})
    {'word': 'bc'}
    """

    def collated(samples: Iterable) -> Any:
        return collate(samples, collate_fn_map=collate_fn_map)

    first = batch[0]
    functions = collate_fn_map or {}
    if type(first) in functions:
        return functions[type(first)](batch, collate_fn_map=collate_fn_map)
    for kind, function in functions.items():
        if isinstance(first, kind):
            return function(batch, collate_fn_map=collate_fn_map)
    if isinstance(first, Mapping):
        return _remade_mapping(first, {key: collated([sample[key] for sample in batch]) for key in first})
    if isinstance(first, tuple) and hasattr(first, "_fields"):
        return type(first)(*(collated(samples) for samples in zip(*batch)))
    if isinstance(first, Sequence):
        if any(len(sample) != len(first) for sample in batch):
            raise RuntimeError("each element in list of batch should be of equal size")
        items = [collated(samples) for samples in zip(*batch)]
        return items if isinstance(first, tuple) else _remade_sequence(first, items)
    raise TypeError(default_collate_err_msg_format.format(type(first)))


def collate_tensor_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Tensor:
    """Tensors, along a new first dimension."""
    return stack(batch, 0)


def collate_numpy_array_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Arrays, as tensors along a new first dimension."""
    if _is_text(batch[0].dtype):
        raise TypeError(default_collate_err_msg_format.format(batch[0].dtype))
    return collate([as_tensor(array) for array in batch], collate_fn_map=collate_fn_map)


def collate_numpy_scalar_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Tensor:
    """NumPy's numbers."""
    return as_tensor(batch)


def collate_float_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Tensor:
    """Python's numbers, which have the precision of float64."""
    return tensor(batch, dtype=float64)


def collate_int_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Tensor:
    """Whole numbers, and truth values."""
    return tensor(batch)


def collate_str_fn(batch: Any, *, collate_fn_map: dict | None = None) -> Any:
    """Text: the list of samples as it is."""
    return batch


#: the function for each type of samples; a program may add its own
default_collate_fn_map: dict[Any, Collate] = {
    Tensor: collate_tensor_fn,
    np.ndarray: collate_numpy_array_fn,
    (np.bool_, np.number, np.object_): collate_numpy_scalar_fn,
    float: collate_float_fn,
    int: collate_int_fn,
    str: collate_str_fn,
    bytes: collate_str_fn,
}


def default_collate(batch: Any) -> Any:
    """A batch of samples: tensors and numbers along a new first dimension, inside of whatever holds them.

    >>> from adjoint.utils.data import default_collate
    >>> default_collate([{"a": 0, "b": (0.5, "x")}, {"a": 1, "b": (1.5, "y")}])
    {'a': tensor([0, 1]), 'b': [tensor([0.5000, 1.5000], dtype=torch.float64), ('x', 'y')]}
    """
    return collate(batch, collate_fn_map=default_collate_fn_map)
