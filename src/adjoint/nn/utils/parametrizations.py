"""Ready-made parametrisations: orthogonal weights, weights of norm 1, weights as magnitude and direction."""

from __future__ import annotations

from typing import Any

from adjoint.autograd.grad_mode import no_grad
from adjoint.core.formats import contiguous_format
from adjoint.core.limits import finfo
from adjoint.core.tensor import Tensor
from adjoint.nn import functional as F
from adjoint.nn.modules.module import Module
from adjoint.nn.utils.parametrize import register_parametrization
from adjoint.nn.utils.spectra import as_matrix, default_dimension
from adjoint.ops.comparison import allclose
from adjoint.ops.creation import zeros_like
from adjoint.ops.joining import cat
from adjoint.ops.linalg.orthogonal import geqrf, householder_product
from adjoint.ops.linalg.powers import matrix_exp
from adjoint.ops.linalg.products import vdot
from adjoint.ops.linalg.solving import solve
from adjoint.ops.matrix import mv
from adjoint.ops.nn.magnitudes import _weight_norm, norm_except_dim
from adjoint.ops.random import randn
from adjoint.ops.ranges import eye

__all__ = ["orthogonal", "spectral_norm", "weight_norm"]


def _weight_of(module: Module, name: str) -> Tensor:
    weight = getattr(module, name, None)
    if not isinstance(weight, Tensor):
        raise ValueError(f"Module '{module}' has no parameter or buffer with name '{name}'")
    return weight


def _is_orthogonal(Q: Tensor) -> bool:
    rows, columns = Q.shape[-2:]
    return allclose(Q.mH @ Q, eye(columns, dtype=Q.dtype), atol=10.0 * rows * finfo(Q.dtype).eps)


def _made_orthogonal(A: Tensor) -> Tensor:
    """The orthogonal factor of A, the triangular one having a positive diagonal."""
    X, tau = geqrf(A)
    return householder_product(X, tau) * X.diagonal(dim1=-2, dim2=-1).sgn().unsqueeze(-2)


class _Orthogonal(Module):
    base: Tensor

    def __init__(self, weight: Tensor, orthogonal_map: str, *, use_trivialization: bool = True) -> None:
        super().__init__()
        if weight.is_complex() and orthogonal_map == "householder":
            raise ValueError("The householder parametrization does not support complex tensors.")
        self.shape = weight.shape
        self.orthogonal_map = orthogonal_map
        if use_trivialization:  # what is learned is a turn away from this matrix
            self.register_buffer("base", None)

    def forward(self, X: Tensor) -> Tensor:
        wide = X.shape[-2] < X.shape[-1]
        X = X.mT if wide else X
        Q = self._reflected(X) if self.orthogonal_map == "householder" else self._turned(X)
        Q = self.base @ Q if hasattr(self, "base") else Q
        return Q.mT if wide else Q

    def _reflected(self, X: Tensor) -> Tensor:
        """The product of the Householder reflections whose vectors stand below the diagonal."""
        A = X.tril(-1)
        Q = householder_product(A, 2.0 / (1.0 + (A * A).sum(-2)))
        return Q * X.diagonal(dim1=-2, dim2=-1).int().unsqueeze(-2)

    def _turned(self, X: Tensor) -> Tensor:
        """The exponential, or the Cayley map, of the skew-symmetric matrix of the lower triangle."""
        rows, columns = X.shape[-2:]
        X = X.tril()
        if rows != columns:
            X = cat([X, X.new_zeros(rows, rows - columns).expand(*X.shape[:-2], -1, -1)], -1)
        A = X - X.mH
        if self.orthogonal_map == "matrix_exp":
            Q = matrix_exp(A)
        else:
            half, identity = A * 0.5, eye(rows, dtype=A.dtype)
            Q = solve(identity - half, identity + half)
        return Q[..., :columns]

    @no_grad()
    def right_inverse(self, Q: Tensor) -> Tensor:
        if Q.shape != self.shape:
            raise ValueError(
                f"Expected a matrix or batch of matrices of shape {self.shape}. Got a tensor of shape {Q.shape}."
            )
        given = Q
        wide = Q.shape[-2] < Q.shape[-1]
        Q = Q.mT if wide else Q
        rows, columns = Q.shape[-2:]
        if not hasattr(self, "base"):
            if self.orthogonal_map != "householder":
                raise NotImplementedError(
                    "It is not possible to assign to the matrix exponential or the Cayley parametrizations when "
                    "use_trivialization=False."
                )
            A, tau = geqrf(Q)
            signs = A.diagonal(dim1=-2, dim2=-1)
            signs.sign_()
            signs[tau == 0.0] *= -1
            return A.mT if wide else A
        if rows != columns:
            Q = _made_orthogonal(cat([Q, randn(*Q.shape[:-2], rows, rows - columns, dtype=Q.dtype)], -1))
        else:
            Q = Q.clone() if _is_orthogonal(Q) else _made_orthogonal(Q)
        self.base = Q
        start = zeros_like(given)
        start.diagonal(dim1=-2, dim2=-1).fill_(-1.0)
        return start


def orthogonal(
    module: Module, name: str = "weight", orthogonal_map: str | None = None, *, use_trivialization: bool = True
) -> Module:
    """Keep a weight orthogonal: its rows, or its columns where they are fewer.

    >>> import adjoint as torch
    >>> Q = torch.nn.utils.parametrizations.orthogonal(torch.nn.Linear(4, 3)).weight
    >>> torch.allclose(Q @ Q.mT, torch.eye(3), atol=1e-5)
    True
    """
    weight = _weight_of(module, name)
    if weight.ndim < 2:
        raise ValueError(f"Expected a matrix or batch of matrices. Got a tensor of {weight.ndim} dimensions.")
    if orthogonal_map is None:
        square = weight.shape[-2] == weight.shape[-1]
        orthogonal_map = "matrix_exp" if square or weight.is_complex() else "householder"
    if orthogonal_map not in ("matrix_exp", "cayley", "householder"):
        raise ValueError(
            f'orthogonal_map has to be one of "matrix_exp", "cayley", "householder". Got: {orthogonal_map}'
        )
    made = _Orthogonal(weight, orthogonal_map, use_trivialization=use_trivialization)
    return register_parametrization(module, name, made, unsafe=True)


class _WeightNorm(Module):
    def __init__(self, dim: int | None = 0) -> None:
        super().__init__()
        self.dim = -1 if dim is None else dim

    def forward(self, weight_g: Tensor, weight_v: Tensor) -> Tensor:
        return _weight_norm(weight_v, weight_g, self.dim)

    def right_inverse(self, weight: Tensor) -> tuple[Tensor, Tensor]:
        return norm_except_dim(weight, 2, self.dim), weight


def weight_norm(module: Module, name: str = "weight", dim: int | None = 0) -> Module:
    """Make a weight a function of its magnitude, for each slice along `dim` or of all, and of its direction.

    >>> import adjoint as torch
    >>> layer = torch.nn.utils.parametrizations.weight_norm(torch.nn.Linear(3, 2))
    >>> [each.shape for each in layer.parametrizations.weight.parameters()]
    [torch.Size([2, 1]), torch.Size([2, 3])]
    """
    register_parametrization(module, name, _WeightNorm(dim), unsafe=True)

    def renamed(state_dict: dict, prefix: str, *_: Any) -> None:
        """States of `torch.nn.utils.weight_norm` have other names."""
        old = [f"{prefix}{name}_g", f"{prefix}{name}_v"]
        if all(key in state_dict for key in old):
            for place, key in enumerate(old):
                state_dict[f"{prefix}parametrizations.{name}.original{place}"] = state_dict.pop(key)

    module._register_load_state_dict_pre_hook(renamed)
    return module


class _SpectralNorm(Module):
    def __init__(self, weight: Tensor, n_power_iterations: int = 1, dim: int = 0, eps: float = 1e-12) -> None:
        super().__init__()
        rank = weight.ndim
        if not -rank <= dim < rank:
            raise IndexError(f"Dimension out of range (expected to be in range of [-{rank}, {rank - 1}] but got {dim})")
        if n_power_iterations <= 0:
            raise ValueError(
                f"Expected n_power_iterations to be positive, but got n_power_iterations={n_power_iterations}"
            )
        self.dim = dim % rank
        self.eps = eps
        if rank > 1:
            self.n_power_iterations = n_power_iterations
            matrix = as_matrix(weight, self.dim)
            drawn = [matrix.new_empty(size).normal_(0, 1) for size in matrix.shape]
            for name, vector in zip(("_u", "_v"), drawn, strict=True):
                self.register_buffer(name, F.normalize(vector, dim=0, eps=eps))
            self._power_method(matrix, 15)

    @no_grad()
    def _power_method(self, matrix: Tensor, n_power_iterations: int) -> None:
        for _ in range(n_power_iterations):
            F.normalize(mv(matrix, self._v), dim=0, eps=self.eps, out=self._u)
            F.normalize(mv(matrix.mH, self._u), dim=0, eps=self.eps, out=self._v)

    def forward(self, weight: Tensor) -> Tensor:
        if weight.ndim == 1:
            return F.normalize(weight, dim=0, eps=self.eps)
        matrix = as_matrix(weight, self.dim)
        if self.training:
            self._power_method(matrix, self.n_power_iterations)
        # the next step writes to the vectors
        u, v = (each.clone(memory_format=contiguous_format) for each in (self._u, self._v))
        return weight / vdot(u, mv(matrix, v))

    def right_inverse(self, value: Tensor) -> Tensor:
        return value


def spectral_norm(
    module: Module, name: str = "weight", n_power_iterations: int = 1, eps: float = 1e-12, dim: int | None = None
) -> Module:
    """Divide a weight by its largest singular value, which the power method approximates at each access in training.

    >>> import adjoint as torch
    >>> layer = torch.nn.utils.parametrizations.spectral_norm(torch.nn.Linear(3, 2))
    >>> abs(torch.linalg.matrix_norm(layer.weight, 2).item() - 1) < 0.1
    True
    """
    weight = _weight_of(module, name)
    dim = default_dimension(module) if dim is None else dim
    return register_parametrization(module, name, _SpectralNorm(weight, n_power_iterations, dim, eps))
