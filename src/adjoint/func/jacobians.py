"""Whole Jacobians, row by row (`jacrev`) or column by column (`jacfwd`), and Hessians."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.core.pytree import flatten
from adjoint.core.tensor import Tensor, wrap
from adjoint.func.forward import jvp
from adjoint.func.reverse import argument_places, vjp, with_arguments
from adjoint.func.vmap import vmap

__all__ = ["hessian", "jacfwd", "jacrev"]

Argnums = int | tuple[int, ...]


def jacrev(
    func: Callable[..., Any],
    argnums: Argnums = 0,
    *,
    has_aux: bool = False,
    chunk_size: int | None = None,
    _preallocate_and_copy: bool = False,
) -> Callable[..., Any]:
    """A function that computes the Jacobian of `func`, one backward pass per element of the output, all at once.

    The Jacobian has the shape of the output, followed by that of the argument; for trees, one for each pair of leaves,
    in the form of the output with that of the arguments inside. With `chunk_size`, at most so many backward passes are
    made at once. Prefer it to `jacfwd` where there are more inputs than outputs.

    >>> import adjoint as torch
    >>> torch.func.jacrev(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if chunk_size is not None and chunk_size <= 0:
        raise ValueError("jacrev: `chunk_size` should be greater than 0.")

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places = argument_places(argnums, len(args))
        result = vjp(_of(func, args, places, kwargs), *(args[place] for place in places), has_aux=has_aux)
        value, pull_back = result[:2]
        outputs, output_spec = flatten(value)
        # the results have the form of the output, in which everything has the batch of all cotangents in front
        rows, spec = flatten(vmap(pull_back, chunk_size=chunk_size)(output_spec.unflatten(_basis(outputs))))
        counts = [math.prod(output.shape) for output in outputs]
        jacobians = []
        for number, output in enumerate(outputs):
            start = sum(counts[:number])
            blocks = [row[start : start + counts[number]].reshape(*output.shape, *row.shape[1:]) for row in rows]
            jacobians.append(_one_or_all(spec.unflatten(blocks), argnums))
        jacobian = output_spec.unflatten(jacobians)
        return (jacobian, result[2]) if has_aux else jacobian

    return wrapper


def jacfwd(
    func: Callable[..., Any], argnums: Argnums = 0, has_aux: bool = False, *, randomness: str = "error"
) -> Callable[..., Any]:
    """A function that computes the Jacobian of `func`, one forward pass per element of the arguments, all at once.

    The result is that of `jacrev`. Prefer it where there are more outputs than inputs.

    >>> import adjoint as torch
    >>> torch.func.jacfwd(lambda x: x ** 2)(torch.tensor([1., 2.]))
    tensor([[2., 0.],
            [0., 4.]])
    """

    @functools.wraps(func)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        places = argument_places(argnums, len(args))
        primals = tuple(args[place] for place in places)
        inputs, spec = flatten(primals)
        of_primals = _of(func, args, places, kwargs)

        def push_forward(tangents: Any) -> Any:
            return jvp(of_primals, primals, tangents, has_aux=has_aux)[1:]

        moved = vmap(push_forward, out_dims=(0, None) if has_aux else (0,), randomness=randomness)(
            spec.unflatten(_basis(inputs))
        )
        columns, output_spec = flatten(moved[0])
        counts = [math.prod(x.shape) for x in inputs]
        jacobians = []
        for column in columns:
            blocks = []
            for number, x in enumerate(inputs):
                start = sum(counts[:number])
                block = column[start : start + counts[number]].permute(*range(1, column.ndim), 0)
                blocks.append(block.reshape(*column.shape[1:], *x.shape))
            jacobians.append(_one_or_all(spec.unflatten(blocks), argnums))
        jacobian = output_spec.unflatten(jacobians)
        return (jacobian, moved[1]) if has_aux else jacobian

    return wrapper


def hessian(func: Callable[..., Any], argnums: Argnums = 0) -> Callable[..., Any]:
    """A function that computes the second derivatives of `func`: forward mode over reverse mode.

    >>> import adjoint as torch
    >>> torch.func.hessian(lambda x: (x ** 3).sum())(torch.tensor([1., 2.]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    return jacfwd(jacrev(func, argnums), argnums)


def _of(
    func: Callable[..., Any], args: Sequence[Any], places: Sequence[int], kwargs: dict[str, Any]
) -> Callable[..., Any]:
    """`func` as a function of the arguments in these places."""
    return lambda *values: func(*with_arguments(args, places, values), **kwargs)


def _one_or_all(blocks: tuple, argnums: Argnums) -> Any:
    return blocks[0] if isinstance(argnums, int) else blocks


def _basis(tensors: Sequence[Tensor]) -> list[Tensor]:
    """For each tensor, what it is in each of the unit vectors of the space of all of them: one per row."""
    counts = [math.prod(x.shape) for x in tensors]
    basis = []
    for number, x in enumerate(tensors):
        block = np.zeros((sum(counts), counts[number]), x._data.dtype)
        start = sum(counts[:number])
        block[start : start + counts[number]] = np.eye(counts[number], dtype=block.dtype)
        basis.append(wrap(block.reshape(-1, *x.shape) if block.size else block.reshape(sum(counts), *x.shape)))
    return basis
