"""`gradcheck` and `gradgradcheck`: compare derivatives with finite differences.

A function with complex outputs is checked as two with real ones, its real and its imaginary part; in forward mode one
with complex inputs as a function of their real parts, and one of their imaginary parts. The fast mode compares not whole
Jacobians but their products with random vectors from both sides.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from adjoint.autograd.checking import differences
from adjoint.autograd.checking.comparison import Comparison, values_of
from adjoint.autograd.checking.demands import (
    check_absent_cotangents,
    check_batched_backward,
    check_batched_forward,
    check_zero_cotangents,
)
from adjoint.autograd.checking.derivatives import Rows, as_tuple, is_differentiable, unit_cotangents, wants_gradient
from adjoint.autograd.checking.failures import GradcheckError
from adjoint.autograd.entry import grad
from adjoint.core.tensor import Tensor, wrap
from adjoint.ops.conversion import requires_grad_

# the last three are deprecated in PyTorch, and there to be imported
__all__ = [
    "gradcheck",
    "gradgradcheck",
    "GradcheckError",
    "get_numerical_jacobian",
    "get_analytical_jacobian",
    "get_numerical_jacobian_wrt_specific_input",
]

Function = Callable[..., Any]


def gradcheck(
    func: Function,
    inputs: Any,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_batched_forward_grad: bool = False,
    check_forward_ad: bool = False,
    check_backward_ad: bool = True,
    fast_mode: bool = False,
    masked: bool | None = None,
) -> bool:
    """Whether the derivatives of `func` at `inputs` are those that finite differences of step `eps` give.

    It differentiates by the inputs that require gradients, which should be float64 or complex128. A difference of more
    than `atol` + `rtol` times the numerical value raises a GradcheckError that shows both Jacobians; without
    `raise_exception` the answer is False.

    Args:
        nondet_tol: by how much two backward passes may differ.
        check_undefined_grad: check also that missing cotangents and tangents count as zeros.
        check_grad_dtypes: check also that gradients have the types of their inputs.
        check_batched_grad: check also that many backward passes at once give what one after the other gives.
        check_batched_forward_grad: the same for forward mode.
        check_forward_ad: check forward mode.
        check_backward_ad: check reverse mode.
        fast_mode: compare products with random vectors instead of whole Jacobians.
        masked: zero cotangents may lead to gradients that are only close to zero.

    >>> import adjoint as torch
    >>> x = torch.tensor([0.5, 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradcheck(torch.sin, x)
    True
    >>> torch.autograd.gradcheck(lambda x: x * x.detach(), x, raise_exception=False)
    False
    """
    if not (check_forward_ad or check_backward_ad):
        raise AssertionError("Expected at least one of check_forward_ad or check_backward_ad to be True")
    if check_batched_grad and not check_backward_ad:
        raise AssertionError("Setting check_batched_grad=True requires check_backward_ad to be True")
    if check_batched_forward_grad and not check_forward_ad:
        raise AssertionError("Setting check_batched_forward_grad=True requires check_forward_ad to be True")
    arguments = as_tuple(inputs)
    comparison = Comparison(eps, atol, rtol, nondet_tol, check_grad_dtypes, fast_mode)
    try:
        _check_inputs(arguments)
        results = as_tuple(func(*arguments))
        outputs = [output for output in results if output.requires_grad]
        if check_backward_ad:
            comparison.reverse(func, arguments, results)
        if check_forward_ad:
            comparison.forward(func, arguments, check_undefined_grad)
        if check_batched_forward_grad:
            check_batched_forward(func, arguments)
        if not check_backward_ad:
            return True
        if check_batched_grad:
            check_batched_backward(outputs, arguments)
        check_zero_cotangents(outputs, arguments, bool(masked))
        if check_undefined_grad:
            check_absent_cotangents(func, arguments)
    except GradcheckError:
        if raise_exception:
            raise
        return False
    return True


def gradgradcheck(
    func: Function,
    inputs: Any,
    grad_outputs: Any = None,
    *,
    eps: float = 1e-6,
    atol: float = 1e-5,
    rtol: float = 1e-3,
    gen_non_contig_grad_outputs: bool = False,
    raise_exception: bool = True,
    nondet_tol: float = 0.0,
    check_undefined_grad: bool = True,
    check_grad_dtypes: bool = False,
    check_batched_grad: bool = False,
    check_fwd_over_rev: bool = False,
    check_rev_over_rev: bool = True,
    fast_mode: bool = False,
    masked: bool = False,
) -> bool:
    """`gradcheck` of the gradients of `func` as functions of its inputs and of the cotangents `grad_outputs`.

    Cotangents that are not given are random numbers between -1 and 1, with `gen_non_contig_grad_outputs` such that do not
    lie in memory without gaps. The second derivatives are taken in reverse mode (`check_rev_over_rev`), in forward mode
    (`check_fwd_over_rev`), or in both. The other arguments are those of `gradcheck`.

    >>> import adjoint as torch
    >>> x = torch.tensor([0.5, 2.], dtype=torch.float64, requires_grad=True)
    >>> torch.autograd.gradgradcheck(torch.sin, x)
    True
    """
    if not (check_fwd_over_rev or check_rev_over_rev):
        raise AssertionError("Expected at least one of check_fwd_over_rev or check_rev_over_rev to be True")
    if check_undefined_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_undefined_grad=True requires check_rev_over_rev to be True")
    if check_batched_grad and not check_rev_over_rev:
        raise AssertionError("Setting check_batched_grad=True requires check_rev_over_rev to be True")
    arguments = as_tuple(inputs)
    if grad_outputs is None:
        outputs = [output for output in as_tuple(func(*arguments)) if output.requires_grad]
        cotangents = tuple(_cotangent(output, gen_non_contig_grad_outputs) for output in outputs)
    else:
        cotangents = as_tuple(grad_outputs)
    wanted = [wants_gradient(each) for each in (*arguments, *cotangents)]

    def gradients(*given: Any) -> tuple[Tensor, ...]:
        # forward mode hands in detached tensors
        values = [requires_grad_(each) if wants else each for each, wants in zip(given, wanted, strict=True)]
        points, cotangents = values[: len(arguments)], values[len(arguments) :]
        outputs = [output for output in as_tuple(func(*points)) if output.requires_grad]
        inputs = [point for point, wants in zip(points, wanted, strict=False) if wants]
        results = grad(outputs, inputs, cotangents, create_graph=True, allow_unused=True)
        return tuple(each for each in results if each is not None)

    return gradcheck(
        gradients,
        (*arguments, *cotangents),
        eps=eps,
        atol=atol,
        rtol=rtol,
        raise_exception=raise_exception,
        nondet_tol=nondet_tol,
        check_undefined_grad=check_undefined_grad,
        check_grad_dtypes=check_grad_dtypes,
        check_batched_grad=check_batched_grad,
        fast_mode=fast_mode,
        check_forward_ad=check_fwd_over_rev,
        check_backward_ad=check_rev_over_rev,
        masked=masked,
    )


def _cotangent(output: Tensor, with_gaps: bool) -> Tensor:
    rng = np.random.default_rng(0)  # not the user's generator, whose state is none of our business
    numbers = rng.uniform(-1, 1, (*output.shape, 2)) if output.is_complex() else rng.uniform(-1, 1, output.shape)
    array = (numbers[..., 0] + 1j * numbers[..., 1] if output.is_complex() else numbers).astype(output._data.dtype)
    if with_gaps and array.size > 1:
        array = np.repeat(array, 2, axis=-1)[..., ::2]
    return requires_grad_(wrap(array))


def _check_inputs(inputs: Sequence[Any]) -> None:
    for place, x in enumerate(inputs):
        if not wants_gradient(x):
            continue
        if x._data.dtype not in (np.float64, np.complex128):
            warnings.warn(
                f"Input #{place} requires gradient and is not a double precision floating point or complex. This check will "
                "likely fail if all the inputs are not of double precision floating point or complex. ",
                stacklevel=3,
            )
        if any(step == 0 and size > 1 for step, size in zip(x.stride(), x.shape, strict=True)):
            raise RuntimeError(
                f"The {place}th input has a dimension with stride 0. gradcheck only supports inputs that are non-overlapping "
                "to be able to compute the numerical gradients correctly. You should call .contiguous on the input before "
                "passing it to gradcheck."
            )
    if not any(map(wants_gradient, inputs)):
        raise ValueError(
            "gradcheck expects at least one input tensor to require gradient, but none of them have requires_grad=True.\n"
            "Say by which inputs to differentiate, as in x.requires_grad_()."
        )


# --- what PyTorch once exposed -----------------------------------------------------------------------------------


def _warn_deprecated(name: str) -> None:
    warnings.warn(
        f"`{name}` was part of PyTorch's private API and not meant to be exposed. We are deprecating it and it will be "
        "removed in a future version of PyTorch. Use torch.autograd.gradcheck, which compares the two Jacobians.",
        FutureWarning,
        stacklevel=3,
    )


def get_numerical_jacobian(
    fn: Function, inputs: Any, target: Any = None, eps: float = 1e-3, grad_out: float = 1.0
) -> tuple[Tensor, ...]:
    """Deprecated: the Jacobians of the first output of `fn`, which takes its inputs as one tuple, by differences."""
    _warn_deprecated("get_numerical_jacobian")
    _refuse_weights("get_numerical_jacobian", grad_out)
    results = as_tuple(fn(as_tuple(inputs)))
    if any(result.is_complex() for result in results):
        raise ValueError(
            "Expected output to be non-complex. get_numerical_jacobian no longer supports functions that return complex "
            "outputs."
        )
    points = [x for x in as_tuple(inputs if target is None else target) if wants_gradient(x)]
    return tuple(wrap(differences.jacobians(lambda: as_tuple(fn(as_tuple(inputs))), x, eps)[0]) for x in points)


def get_analytical_jacobian(
    inputs: Any, output: Tensor, nondet_tol: float = 0.0, grad_out: float = 1.0
) -> tuple[tuple[Tensor, ...], bool, bool, bool]:
    """Deprecated: the Jacobians of one output by reverse mode, and whether it is reentrant and sizes and types fit."""
    _warn_deprecated("get_analytical_jacobian")
    _refuse_weights("get_analytical_jacobian", grad_out)
    if output.is_complex():
        raise ValueError(
            "Expected output to be non-complex. get_analytical_jacobian no longer supports functions that return complex "
            "outputs."
        )
    points = [x for x in as_tuple(inputs) if wants_gradient(x)]
    first, second = (Rows(output, points, unit_cotangents(output)) for _ in range(2))
    jacobians = tuple(map(wrap, first.matrices))
    return jacobians, first.agrees_with(second, nondet_tol), first.sizes_fit, first.types_fit


def _refuse_weights(name: str, grad_out: float) -> None:
    if grad_out != 1.0:
        raise ValueError(f"Expected grad_out to be 1.0. {name} no longer supports values of grad_out != 1.0.")


def get_numerical_jacobian_wrt_specific_input(
    fn: Function,
    input_idx: int,
    inputs: Any,
    outputs: Any,
    eps: float,
    input: Tensor | None = None,
    is_forward_ad: bool = False,
) -> tuple[Tensor, ...]:
    """The Jacobians of the outputs of `fn` with respect to one of its inputs, by differences."""
    point = as_tuple(inputs)[input_idx] if input is None else input
    matrices = differences.jacobians(values_of(fn, as_tuple(inputs)), point, eps)
    return tuple(
        wrap(matrix) for matrix, output in zip(matrices, as_tuple(outputs), strict=True) if is_differentiable(output)
    )
