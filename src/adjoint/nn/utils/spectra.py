"""Weights divided by their largest singular value, by a hook; `parametrizations.spectral_norm` is today's form."""

from __future__ import annotations

from typing import Any, TypeVar

from adjoint.autograd.grad_mode import no_grad
from adjoint.core.formats import contiguous_format
from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.conv import ConvTranspose1d, ConvTranspose2d, ConvTranspose3d
from adjoint.nn.modules.module import Module
from adjoint.nn.parameter import Parameter, is_lazy
from adjoint.ops.linalg.least_squares import pinverse
from adjoint.ops.matrix import dot, mv

__all__ = ["SpectralNorm", "default_dimension", "as_matrix", "remove_spectral_norm", "spectral_norm"]

M = TypeVar("M", bound=Module)


def default_dimension(module: Module) -> int:
    """The dimension of a layer's weight that counts its outputs."""
    return 1 if isinstance(module, ConvTranspose1d | ConvTranspose2d | ConvTranspose3d) else 0


def as_matrix(weight: Tensor, dim: int) -> Tensor:
    """A weight with one dimension for its rows, and all others together for its columns."""
    return weight.movedim(dim, 0).reshape(weight.shape[dim], -1)


class SpectralNorm:
    """The hook that computes a weight before each call of its module.

    The largest singular value is `u @ W @ v`; each call in training brings `u` and `v` nearer to its singular vectors by
    the power method.
    """

    _version = 1

    def __init__(self, name: str = "weight", n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.name = name
        self.n_power_iterations = n_power_iterations
        self.dim = dim
        self.eps = eps

    def compute_weight(self, module: Module, do_power_iteration: bool) -> Tensor:
        """The weight, after a step of the power method if asked for."""
        weight, u, v = (getattr(module, self.name + part) for part in ("_orig", "_u", "_v"))
        matrix = as_matrix(weight, self.dim)
        if do_power_iteration:
            with no_grad():
                for _ in range(self.n_power_iterations):
                    F.normalize(mv(matrix.t(), u), dim=0, eps=self.eps, out=v)
                    F.normalize(mv(matrix, v), dim=0, eps=self.eps, out=u)
            u, v = (each.clone(memory_format=contiguous_format) for each in (u, v))  # the next step writes to them
        return weight / dot(u, mv(matrix, v))

    @staticmethod
    def apply(module: Module, name: str, n_power_iterations: int, dim: int, eps: float) -> SpectralNorm:
        """Give a module's weight the hook."""
        if any(isinstance(each, SpectralNorm) and each.name == name for each in module._forward_pre_hooks.values()):
            raise RuntimeError(f"Cannot register two spectral_norm hooks on the same parameter {name}")
        hook = SpectralNorm(name, n_power_iterations, dim, eps)
        weight = module._parameters[name]
        if weight is None:
            raise ValueError(f"`SpectralNorm` cannot be applied as parameter `{name}` is None")
        if is_lazy(weight):
            raise ValueError(
                "The module passed to `SpectralNorm` can't have uninitialized parameters. Make sure to run the dummy forward "
                "before applying spectral normalization"
            )
        with no_grad():
            sizes = as_matrix(weight, dim).shape
            u, v = (F.normalize(weight.new_empty(size).normal_(0, 1), dim=0, eps=eps) for size in sizes)
        delattr(module, name)
        module.register_parameter(name + "_orig", weight)
        setattr(module, name, weight.data)
        module.register_buffer(name + "_u", u)
        module.register_buffer(name + "_v", v)
        module.register_forward_pre_hook(hook)
        module._register_state_dict_hook(hook._mark_version)
        module._register_load_state_dict_pre_hook(hook._complete_old_state)
        return hook

    def remove(self, module: Module) -> None:
        """Make the weight as it is now an ordinary parameter."""
        with no_grad():
            weight = self.compute_weight(module, do_power_iteration=False)
        for name in (self.name, self.name + "_u", self.name + "_v", self.name + "_orig"):
            delattr(module, name)
        module.register_parameter(self.name, Parameter(weight.detach()))

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self.name, self.compute_weight(module, do_power_iteration=module.training))

    # --- states ---

    def _mark_version(self, module: Module, state_dict: dict, prefix: str, local_metadata: dict) -> None:
        versions = local_metadata.setdefault("spectral_norm", {})
        key = self.name + ".version"
        if key in versions:
            raise RuntimeError(f"Unexpected key in metadata['spectral_norm']: {key}")
        versions[key] = self._version

    def _complete_old_state(
        self, state_dict: dict, prefix: str, local_metadata: dict, strict: bool, missing_keys: list, *_: Any
    ) -> None:
        """Give a state of the first version, which had the weight but not `v`, that vector."""
        version = local_metadata.get("spectral_norm", {}).get(self.name + ".version")
        key = prefix + self.name
        if version is not None and version >= 1:
            return
        if (
            version is None
            and key not in state_dict
            and all(key + part in state_dict for part in ("_orig", "_u", "_v"))
        ):
            return
        missing = [key + part for part in ("_orig", "", "_u") if key + part not in state_dict]
        if missing:
            missing_keys += missing if strict else []
            return
        with no_grad():
            original, u = state_dict[key + "_orig"], state_dict[key + "_u"]
            sigma = (original / state_dict.pop(key)).mean()
            matrix = as_matrix(original, self.dim)
            v = pinverse(matrix.t() @ matrix) @ (matrix.t() @ u)
            state_dict[key + "_v"] = v * (sigma / dot(u, mv(matrix, v)))


def spectral_norm(
    module: M, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> M:
    """Divide a weight by its largest singular value, which the power method approximates as the module is called.

    >>> import adjoint as torch
    >>> [name for name, _ in torch.nn.utils.spectral_norm(torch.nn.Linear(3, 2)).named_buffers()]
    ['weight_u', 'weight_v']
    """
    SpectralNorm.apply(module, name, n_power_iterations, default_dimension(module) if dim is None else dim, eps)
    return module


def remove_spectral_norm(module: M, name: str = "weight") -> M:
    """Make a weight an ordinary parameter again."""
    hooks = module._forward_pre_hooks
    key = next((key for key, hook in hooks.items() if isinstance(hook, SpectralNorm) and hook.name == name), None)
    if key is None:
        raise ValueError(f"spectral_norm of '{name}' not found in {module}")
    hook = hooks.pop(key)
    hook.remove(module)
    for others in (module._state_dict_hooks, module._load_state_dict_pre_hooks):
        for key in [key for key, each in others.items() if getattr(each, "__self__", None) is hook]:
            del others[key]
    return module
