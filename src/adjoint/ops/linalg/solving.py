"""Linear systems: inverses and solutions."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from adjoint.core.apply import require_tensors
from adjoint.core.autocast import one_under_autocast
from adjoint.core.exports import public
from adjoint.core.statements import general
from adjoint.core.tensor import Tensor
from adjoint.ops.dimensions import dimension
from adjoint.ops.linalg.checks import fitting, given, matrices, of_floats, same_type, square
from adjoint.ops.linalg.structure import adjoint, triangle
from adjoint.ops.results import named_result

inv_ex_result = named_result("linalg_inv_ex", "inverse", "info")
solve_ex_result = named_result("linalg_solve_ex", "result", "info")

# --- the records: d(A⁻¹) = -A⁻¹ dA A⁻¹ ---

_INVERSE: dict[str, Any] = {
    "vjp": lambda xp, g, out: -xp.matmul(xp.matmul(adjoint(xp, out), g), adjoint(xp, out)),
    "promotes": "common",
    "node": "LinalgInvExBackward0",
}


def _inverse_tangent(xp: Any, tangents: Any, out: Any) -> Any:
    return -xp.matmul(xp.matmul(out, tangents[0]), out)


_inv = general("inv", lambda xp, x: xp.inv(x), **_INVERSE, jvp=_inverse_tangent, verb="inv")
_inv_ex = general(
    "inv_ex",
    lambda xp, x: xp.inv_ex(x),
    **_INVERSE,
    jvp=lambda xp, tangents, out: (_inverse_tangent(xp, tangents, out), None),
    outputs=("out", "info"),
    differentiable_outputs=1,
    verb="inv_ex",
)


def _solution_vjp(xp: Any, g: Any, a: Any, out: Any) -> tuple:
    right = xp.solve(adjoint(xp, a), g)
    return -xp.matmul(right, adjoint(xp, out)), right


def _solution_tangent(xp: Any, tangents: Any, a: Any, out: Any) -> Any:
    return xp.solve(a, moved_right_side(xp, tangents, out))


def moved_right_side(xp: Any, tangents: Any, out: Any) -> Any:
    """dB - dA X, for the equation A X = B; a tangent that is None is zero."""
    moving_a, moving_b = tangents
    if moving_a is None:
        return moving_b
    change = xp.matmul(moving_a, out)
    return -change if moving_b is None else moving_b - change


_SOLUTION: dict[str, Any] = {"vjp": _solution_vjp, "promotes": "common", "node": "LinalgSolveExBackward0"}
_solve = general("solve", lambda xp, a, b: xp.solve(a, b), **_SOLUTION, jvp=_solution_tangent, verb="solve")
_solve_ex = general(
    "solve_ex",
    lambda xp, a, b: xp.solve_ex(a, b),
    **_SOLUTION,
    jvp=lambda xp, tangents, a, out: (_solution_tangent(xp, tangents, a, out), None),
    outputs=("out", "info"),
    differentiable_outputs=1,
)


def _triangular_vjp(xp: Any, g: Any, a: Any, out: Any, *, upper: bool, unitriangular: bool) -> tuple:
    right = xp.solve_triangular(adjoint(xp, a), g, upper=not upper, unitriangular=unitriangular)
    return triangle(xp, -xp.matmul(right, adjoint(xp, out)), upper, int(unitriangular)), right


def _triangular_tangent(xp: Any, tangents: Any, a: Any, out: Any, *, upper: bool, unitriangular: bool) -> Any:
    moving_a, moving_b = tangents
    if moving_a is not None:
        moving_a = triangle(xp, moving_a, upper, int(unitriangular))
    right = moved_right_side(xp, (moving_a, moving_b), out)
    return xp.solve_triangular(a, right, upper=upper, unitriangular=unitriangular)


_solve_triangular = general(
    "solve_triangular",
    lambda xp, a, b, *, upper, unitriangular: xp.solve_triangular(a, b, upper=upper, unitriangular=unitriangular),
    vjp=_triangular_vjp,
    jvp=_triangular_tangent,
    promotes="common",
    node="LinalgSolveTriangularBackward0",
    verb="solve_triangular",
)

# --- the functions ---


@public(module="linalg", method=False)
def inv(A: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverses of square matrices; an error for one that is singular.

    >>> import adjoint as torch
    >>> torch.linalg.inv(torch.tensor([[2., 0.], [0., 4.]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    return given(out, _inv(of_floats("linalg.inv", square("linalg.inv", A))))


@public()
def inverse(input: Tensor, *, out: Tensor | None = None) -> Tensor:
    """The inverses of square matrices: `linalg.inv`."""
    return inv(input, out=out)


@public(module="linalg", method=False)
def inv_ex(A: Tensor, *, check_errors: bool = False, out: Any = None) -> Any:
    """The inverses of square matrices, and for each matrix 0, or the place of the zero that makes it singular.

    >>> import adjoint as torch
    >>> torch.linalg.inv_ex(torch.tensor([[2.]]))
    torch.return_types.linalg_inv_ex(
    inverse=tensor([[0.5000]]),
    info=tensor(0, dtype=torch.int32))
    """
    A = of_floats("linalg.inv", square("linalg.inv", A))
    if check_errors:
        inv(A.detach())
    return given(out, inv_ex_result(_inv_ex(A)))


@public(module="linalg", method=False)
def solve(A: Tensor, B: Tensor, *, left: bool = True, out: Tensor | None = None) -> Tensor:
    """X with A X = B, or X A = B where not `left`, for square matrices A; batch dimensions broadcast.

    B holds matrices, or vectors: it is one vector, or a batch of as many vectors as A has matrices.

    >>> import adjoint as torch
    >>> torch.linalg.solve(torch.tensor([[2., 0.], [1., 4.]]), torch.tensor([2., 9.]))
    tensor([1., 2.])
    """
    A, B, vector = _equation(A, B, left)
    result = _solve(A, B) if left else _solve(A.mT, B.mT).mT
    return given(out, result.squeeze(-1) if vector else result)


@public(module="linalg", method=False)
def solve_ex(A: Tensor, B: Tensor, *, left: bool = True, check_errors: bool = False, out: Any = None) -> Any:
    """X with A X = B, and for each matrix 0, or the place of the zero that makes it singular."""
    if check_errors:
        solve(A.detach(), B.detach(), left=left)
    A, B, vector = _equation(A, B, left)
    result, info = _solve_ex(A, B) if left else _solve_ex(A.mT, B.mT)
    result = result if left else result.mT
    return given(out, solve_ex_result((result.squeeze(-1) if vector else result, info)))


def _equation(A: Tensor, B: Tensor, left: bool) -> tuple[Tensor, Tensor, bool]:
    """The operands of an equation that fit, and whether B held vectors, here turned into columns."""
    name = "linalg.solve"
    A = of_floats(name, square(name, A))
    (B,) = require_tensors("linalg_solve", B, names=("B",))
    same_type(name, A, B)
    vector = B.ndim == 1 or (A.ndim - 1 == B.ndim and A._data.shape[:-1] == B._data.shape)
    if vector:
        if not left:
            raise RuntimeError(
                f"{name}: Vector broadcasting of the left hand side is not supported for left=False. In this case "
                f"{name} is equivalent to B / A.squeeze(-1)"
            )
        B = B.unsqueeze(-1)
    fitting(name, A, matrices(name, B, "B"), left)
    return A, B, vector


@public(module="linalg", method=False)
def solve_triangular(
    A: Tensor, B: Tensor, *, upper: bool, left: bool = True, unitriangular: bool = False, out: Tensor | None = None
) -> Tensor:
    """X with A X = B, or X A = B where not `left`, for triangular A; what is in the other triangle is not read.

    >>> import adjoint as torch
    >>> torch.linalg.solve_triangular(torch.tensor([[2., 7.], [0., 4.]]), torch.tensor([[9.], [4.]]), upper=True)
    tensor([[1.],
            [1.]])
    """
    name = "linalg.solve_triangular"
    A, B = square(name, A), matrices(name, B, "B")
    same_type(name, A, B)
    fitting(name, of_floats(name, A), B, left)
    if left:
        return given(out, _solve_triangular(A, B, upper=bool(upper), unitriangular=bool(unitriangular)))
    result = _solve_triangular(A.mT, B.mT, upper=not upper, unitriangular=bool(unitriangular)).mT
    return given(out, result)


@public(module="linalg", method=False)
@one_under_autocast
def tensorinv(A: Tensor, ind: int = 2, *, out: Tensor | None = None) -> Tensor:
    """The inverse of a tensor, taken as a matrix whose rows are its first `ind` dimensions.

    >>> import adjoint as torch
    >>> torch.linalg.tensorinv(torch.eye(6).reshape(2, 3, 6)).shape
    torch.Size([6, 2, 3])
    """
    if ind <= 0:
        raise RuntimeError("Expected a strictly positive integer for 'ind'")
    rows, columns = tuple(A.shape[:ind]), tuple(A.shape[ind:])
    height, width = math.prod(rows), math.prod(columns)
    if height != width:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[ind:]) == prod(self.shape[:ind]), but got "
            f"{width} != {height}"
        )
    return given(out, inv(A.reshape(height, width)).reshape(*columns, *rows))


@public(module="linalg", method=False)
@one_under_autocast
def tensorsolve(A: Tensor, B: Tensor, dims: Sequence[int] | None = None, *, out: Tensor | None = None) -> Tensor:
    """X with tensordot(A, X, X.ndim) = B; the dimensions `dims` of A are first moved to the right.

    >>> import adjoint as torch
    >>> torch.linalg.tensorsolve(2 * torch.eye(6).reshape(2, 3, 6), torch.ones(2, 3))
    tensor([0.5000, 0.5000, 0.5000, 0.5000, 0.5000, 0.5000])
    """
    if dims is not None:
        last = [dimension(each, A.ndim, "tensorsolve") for each in dims]
        A = A.permute(*(axis for axis in range(A.ndim) if axis not in last), *last)
    shape = tuple(A.shape[B.ndim :])
    height, width = math.prod(A.shape[: B.ndim]), math.prod(shape)
    if height != width:
        raise RuntimeError(
            "Expected self to satisfy the requirement prod(self.shape[other.ndim:]) == prod(self.shape[:other.ndim]), but "
            f"got {width} != {height}"
        )
    return given(out, solve(A.reshape(width, width), B.reshape(-1)).reshape(*shape))
