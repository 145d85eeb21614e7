"""Functions in, derivatives out, in forward mode: `jvp`; and `linearize`, which is reverse mode, transposed once more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from adjoint.autograd.forward_ad import check_types, make, without_tangent
from adjoint.core import modes
from adjoint.core.pytree import flatten, map_leaves
from adjoint.core.tangents import below, level, tangent
from adjoint.core.tensor import Tensor
from adjoint.func.levels import transform
from adjoint.func.reverse import check_tensors, output_and_aux, vjp
from adjoint.ops.aliasing import alias
from adjoint.ops.creation import zeros_like

__all__ = ["jvp", "linearize"]

_CALL = "jvp(f, primals, tangents)"


def jvp(
    func: Callable[..., Any], primals: Any, tangents: Any, *, strict: bool = False, has_aux: bool = False
) -> tuple[Any, ...]:
    """The value of `func` at `primals`, and the product of its Jacobian there with `tangents`.

    Both are tuples, with one entry per argument of `func`; trees of tensors are allowed. With `strict`, an output that no
    input has an influence on is an error, else its tangent is zero. With `has_aux` the auxiliary output is returned third.

    >>> import adjoint as torch
    >>> torch.func.jvp(torch.sin, (torch.tensor(0.),), (torch.tensor(2.),))
    (tensor(0.), tensor(2.))
    """
    if not isinstance(primals, tuple):
        raise RuntimeError(f"{_CALL}: Expected primals to be a tuple. E.g. it should be valid to call f(*primals).")
    points, spec = flatten(primals)
    directions, form = flatten(tangents)
    if form != spec:
        raise RuntimeError(
            f"{_CALL}: Expected primals and tangents to have the same python structure. For example, if primals is a tuple "
            f"of 3 tensors, tangents also must be. Got primals with structure {spec} and tangents with structure {form}"
        )
    for name, leaves in (("primals", points), ("tangents", directions)):
        if not leaves:
            raise RuntimeError(f"{_CALL}: Expected {name} to contain at least one Tensor.")
        for leaf in leaves:
            if not isinstance(leaf, Tensor):
                raise RuntimeError(f"{_CALL}: Expected {name} to only contain Tensors, got {type(leaf)}")
    with modes.mode(forward_grad_enabled=True, inference=False), level() as number, transform(("jvp", number)):
        duals = [_dual(x, t, number) for x, t in zip(points, directions, strict=True)]
        output = func(*spec.unflatten(duals))
        aux = None
        if has_aux:
            output, aux = output_and_aux(output, _CALL)
            aux = map_leaves(lambda x: _primal(x, number), aux)
        outputs, output_spec = flatten(output)
        check_tensors(outputs, _CALL)
        moved = output_spec.unflatten([_tangent(each, number, strict) for each in outputs])
        value = output_spec.unflatten([_primal(each, number) for each in outputs])
    return (value, moved, aux) if has_aux else (value, moved)


def _dual(x: Tensor, direction: Tensor, number: int) -> Tensor:
    check_types(x, direction)
    return make(x, direction, number)


def _primal(output: Tensor, number: int) -> Tensor:
    if not isinstance(output, Tensor):
        raise RuntimeError(f"Expected tensors, got unsupported type {type(output)}")
    return without_tangent(output, number, alias)


def _tangent(output: Tensor, number: int, strict: bool) -> Tensor:
    value = tangent(output, number)
    if value is not None:
        return value
    if strict:
        raise RuntimeError(
            "jvp(f, primals, tangents, strict=True): The output of f is independent of the inputs. This is not allowed "
            "with strict=True."
        )
    return zeros_like(below(output, number))


def linearize(func: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[..., Any]]:
    """The value of `func` at `primals`, and its derivative there as a function of tangents, which is linear.

    `func` is run once, here; the function returned only multiplies with the Jacobian. Use it where one point meets many
    tangents, else `jvp`.

    >>> import adjoint as torch
    >>> value, push_forward = torch.func.linearize(torch.sin, torch.tensor([0., 1.]))
    >>> push_forward(torch.ones(2))
    tensor([1.0000, 0.5403])
    """
    value, pull_back = vjp(func, *primals)
    # The product with the transposed Jacobian is linear in the cotangent, so its own transpose is the Jacobian's product.
    _, push_forward = vjp(pull_back, map_leaves(zeros_like, value))
    points, spec = flatten(primals)

    def jvp_fn(*tangents: Any) -> Any:
        leaves, form = flatten(tangents)
        if form != spec:
            raise RuntimeError(f"Expected the tangents {form} to have the same argspec as the primals {spec}")
        for place, (given, point) in enumerate(zip(leaves, points, strict=True)):
            for facet in ("shape", "dtype"):
                if getattr(given, facet) != getattr(point, facet):
                    raise RuntimeError(
                        f"tangent:{place} with {facet} {getattr(given, facet)} in flattened pytree doesn't match the "
                        f"{facet} {getattr(point, facet)} of the corresponding primal."
                    )
        return push_forward(tangents)[0]

    return value, jvp_fn
