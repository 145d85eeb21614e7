"""Models as functions of their parameters."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from adjoint.core.tensor import Tensor
from adjoint.nn.modules.module import Module
from adjoint.nn.utils.stateless import called_with
from adjoint.ops.joining import stack

__all__ = ["functional_call", "stack_module_state"]


def functional_call(
    module: Module, parameter_and_buffer_dicts: Any, args: Any = None, kwargs: dict[str, Any] | None = None, *,
    tie_weights: bool = True, strict: bool = False,
) -> Any:  # fmt: skip
    """What a module computes with other tensors in the places of its parameters and buffers.

    The tensors come in a dictionary by the names of those places, or in several. One that has several names in the module
    takes all its places unless `tie_weights` is False. With `strict` every place must be given.

    >>> import adjoint as torch
    >>> layer = torch.nn.Linear(2, 1)
    >>> given = {"weight": torch.tensor([[1.0, 2.0]]), "bias": torch.zeros(1)}
    >>> torch.func.functional_call(layer, given, torch.ones(2))
    tensor([3.])
    """
    tensors = parameter_and_buffer_dicts
    if not isinstance(tensors, dict):
        if not isinstance(tensors, Sequence):
            raise ValueError(
                f"Expected parameter_and_buffer_dicts to be a dict, or a list/tuple of dicts, but got {type(tensors)}"
            )
        if not all(isinstance(each, dict) for each in tensors):
            raise ValueError("Expected all elements of parameter_and_buffer_dicts to be dictionaries")
        repeated = [name for name, times in Counter(name for each in tensors for name in each).items() if times > 1]
        if repeated:
            raise ValueError(f"{repeated} appeared in multiple dictionaries; behavior of functional call is ambiguous")
        tensors = {name: tensor for each in tensors for name, tensor in each.items()}
    return called_with(module, tensors, args, kwargs, tie_weights, strict)


def stack_module_state(models: Sequence[Module]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The parameters and the buffers of models of one kind, each stacked along a new first dimension, for `vmap`.

    >>> import adjoint as torch
    >>> models = [torch.nn.Linear(2, 1) for _ in range(3)]
    >>> parameters, buffers = torch.func.stack_module_state(models)
    >>> parameters["weight"].shape
    torch.Size([3, 1, 2])
    """
    if len(models) == 0:
        raise RuntimeError("stack_module_state: Expected at least one model, got 0.")
    if len({each.training for each in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to have the same training/eval mode.")
    if len({type(each) for each in models}) > 1:
        raise RuntimeError("stack_module_state: Expected all models to be of the same class.")
    return (
        _stacked([dict(each.named_parameters()) for each in models]),
        _stacked([dict(each.named_buffers()) for each in models]),
    )


def _stacked(members: list[dict[str, Any]]) -> dict[str, Tensor]:
    return {name: _stacked_leaf([each[name] for each in members], name) for name in members[0]}


def _stacked_leaf(tensors: list[Tensor], name: str) -> Tensor:
    asks = {each.requires_grad for each in tensors}
    if len(asks) > 1:
        raise RuntimeError(f"Expected {name} from each model to have the same .requires_grad")
    found = stack(tensors)
    return found.detach().requires_grad_() if asks == {True} else found
