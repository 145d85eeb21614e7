"""`vmap`: a function of one example becomes a function of many, without a loop."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from adjoint.arrays.batched import BatchedArray, batched
from adjoint.core import modes
from adjoint.core.pytree import TreeSpec, broadcast, flatten
from adjoint.core.tensor import Tensor, dimension_out_of_range
from adjoint.func.levels import transform
from adjoint.ops.batching import enter, leave, new_level
from adjoint.ops.joining import cat

__all__ = ["vmap"]

Dims = Any  # an int or None, or a tree of them


def vmap(
    func: Callable[..., Any],
    in_dims: Dims = 0,
    out_dims: Dims = 0,
    randomness: str = "error",
    *,
    chunk_size: int | None = None,
) -> Callable[..., Any]:
    """A function that applies `func`, which is written for one example, to a batch of examples at once.

    `in_dims` says along which dimension of each argument the examples lie; None where one value serves all of them. It is
    a number for all arguments, or a tuple with one entry per argument, each a number or a tree like the argument.
    `out_dims` says the same of the results. Keyword arguments serve all examples. With `chunk_size`, at most so many
    examples are computed at once. `randomness` says whether random operations differ between examples ("different"), are
    the "same" for all, or are an "error".

    >>> import adjoint as torch
    >>> x = torch.tensor([[1., 2.], [3., 4.]])
    >>> torch.vmap(torch.dot)(x, x)
    tensor([ 5., 25.])
    >>> torch.vmap(lambda row, shift: row.sum() + shift, in_dims=(0, None))(x, torch.tensor(10.))
    tensor([13., 17.])
    """
    if randomness not in ("error", "different", "same"):
        raise RuntimeError(f"Only allowed values for randomness are 'error', 'different', or 'same'. Got {randomness}")
    if chunk_size is not None and not chunk_size > 0:
        raise ValueError(f"vmap: chunk_size should be None or greater than 0. (got {chunk_size})")

    @functools.wraps(func)
    def wrapped(*args: Any, **kwargs: Any) -> Any:
        leaves, spec = flatten(args)
        dims = _input_dims(func, in_dims, leaves, spec)
        size = _batch_size(leaves, dims)
        if chunk_size is None or chunk_size >= size:
            results, form, _ = _run(func, leaves, dims, spec, size, out_dims, kwargs, randomness)
            return form.unflatten(results)
        chunks = [
            _run(func, _chunk(leaves, dims, start, min(chunk_size, size - start)), dims, spec,
                 min(chunk_size, size - start), out_dims, kwargs, randomness)
            for start in range(0, size, chunk_size)
        ]  # fmt: skip
        parts = zip(*(results for results, _, _ in chunks), strict=True)
        _, form, places = chunks[0]
        return form.unflatten(
            each[0] if place is None else cat(each, dim=place) for each, place in zip(parts, places, strict=True)
        )

    return wrapped


def _run(
    func: Callable[..., Any],
    leaves: Sequence[Any],
    dims: Sequence[int | None],
    spec: TreeSpec,
    size: int,
    out_dims: Dims,
    kwargs: dict[str, Any],
    randomness: str,
) -> tuple[list[Any], TreeSpec, list[int | None]]:
    """The results for one batch, their form, and the dimensions along which their examples lie."""
    level = new_level()
    inside = [x if dim is None else enter(x, level, dim) for x, dim in zip(leaves, dims, strict=True)]
    opened = {
        "batch_levels": (*modes.state.batch_levels, level),
        "randomness": (*modes.state.randomness, (randomness, size)),
        "namespace": batched,
    }
    with transform(level), modes.mode(**opened):
        outputs, form = flatten(func(*spec.unflatten(inside), **kwargs))
        places = _output_dims(func, out_dims, form)
        results = [_result(func, x, place, level, size) for x, place in zip(outputs, places, strict=True)]
    return results, form, places


def _result(func: Callable[..., Any], output: Any, place: int | None, level: int, size: int) -> Any:
    if place is None:
        if isinstance(output, Tensor) and isinstance(output._data, BatchedArray) and output._data.level == level:
            raise ValueError(
                f"vmap({_name(func)}, ...): `{_name(func)}` can not return a BatchedTensor when out_dim is None\n"
                "It differs from example to example: give the dimension along which the examples shall lie."
            )
        return output
    if not isinstance(output, Tensor):
        raise ValueError(
            f"vmap({_name(func)}, ...): `{_name(func)}` must only return Tensors, got type {type(output)}. Did you mean to "
            "set out_dims= to None for output?"
        )
    ndim = output.ndim + 1
    if not -ndim <= place < ndim:
        raise IndexError(dimension_out_of_range(place, ndim))
    return leave(output, level, place % ndim, size)


def _chunk(leaves: Sequence[Any], dims: Sequence[int | None], start: int, length: int) -> list[Any]:
    return [x if dim is None else x.narrow(dim, start, length) for x, dim in zip(leaves, dims, strict=True)]


# --- arguments ---------------------------------------------------------------------------------------------------


def _name(func: Callable[..., Any]) -> str:
    if isinstance(func, functools.partial):
        return f"functools.partial({_name(func.func)}, ...)"
    return getattr(func, "__name__", repr(func))


def _input_dims(func: Callable[..., Any], in_dims: Dims, leaves: Sequence[Any], spec: TreeSpec) -> list[int | None]:
    """For each leaf of the arguments, along which of its dimensions the examples lie, counted from the front."""
    call = f"vmap({_name(func)}, in_dims={in_dims}, ...)(<inputs>)"
    if not isinstance(in_dims, int | tuple):
        raise ValueError(
            f"{call}: expected `in_dims` to be int or a (potentially nested) tuple matching the structure of inputs, got: "
            f"{type(in_dims)}."
        )
    if not leaves:
        raise ValueError(
            f"vmap({_name(func)})(<inputs>): got no inputs. Maybe you forgot to add inputs, or you are trying to vmap over "
            "a function with no inputs. The latter is unsupported."
        )
    dims = broadcast(in_dims, spec)
    if dims is None:
        raise ValueError(
            f"{call}: in_dims is not compatible with the structure of `inputs`. in_dims has structure "
            f"{flatten(in_dims)[1]} but inputs has structure {spec}."
        )
    return [_input_dim(call, x, dim) for x, dim in zip(leaves, dims, strict=True)]


def _input_dim(call: str, x: Any, dim: Any) -> int | None:
    if dim is None:
        return None
    if not isinstance(dim, int):
        raise ValueError(
            f"{call}: Got in_dim={dim} for an input but in_dim must be either an integer dimension or None."
        )
    if not isinstance(x, Tensor):
        raise ValueError(
            f"{call}: Got in_dim={dim} for an input but the input is of type {type(x)}. We cannot vmap over non-Tensor "
            "arguments, please use None as the respective in_dim"
        )
    if not -x.ndim <= dim < x.ndim:
        raise ValueError(
            f"{call}: Got in_dim={dim} for some input, but that input is a Tensor of dimensionality {x.ndim} so expected "
            f"in_dim to satisfy -{x.ndim} <= in_dim < {x.ndim}."
        )
    return dim % x.ndim


def _batch_size(leaves: Sequence[Any], dims: Sequence[int | None]) -> int:
    sizes = [x._data.shape[dim] for x, dim in zip(leaves, dims, strict=True) if dim is not None]
    if not sizes:
        raise ValueError("vmap: Expected at least one Tensor to vmap over")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"vmap: Expected all tensors to have the same size in the mapped dimension, got sizes {sizes} for the mapped "
            "dimension"
        )
    return sizes[0]


def _output_dims(func: Callable[..., Any], out_dims: Dims, form: TreeSpec) -> list[int | None]:
    wanted, wanted_form = flatten(out_dims)
    if not all(dim is None or isinstance(dim, int) for dim in wanted):
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims}): `out_dims` must be an int, None or a python collection of "
            "ints representing where in the outputs the vmapped dimension should appear."
        )
    places = broadcast(out_dims, form)
    if places is None:
        raise ValueError(
            f"vmap({_name(func)}, ..., out_dims={out_dims})(<inputs>): out_dims is not compatible with the structure of "
            f"`outputs`. out_dims has structure {wanted_form} but outputs has structure {form}."
        )
    return places
