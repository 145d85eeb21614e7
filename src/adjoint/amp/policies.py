"""In which types functions compute under autocast on the CPU: the lists, by the names that functions give themselves."""

from __future__ import annotations

from typing import Any

from adjoint.core.dtypes import dtype, float32, float64
from adjoint.core.tensor import Tensor
from adjoint.ops.conversion import to_dtype

#: products, which compute in 16 bits
IN_16_BITS = frozenset(
    (
        "addbmm", "addmm", "baddbmm", "bmm", "conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d",
        "conv_transpose3d", "gru", "gru_cell", "linalg_vecdot", "linear", "lstm", "lstm_cell", "matmul", "mm", "prelu",
        "rnn_relu", "rnn_relu_cell", "rnn_tanh", "rnn_tanh_cell", "scaled_dot_product_attention",
    )
)  # fmt: skip

#: what needs the digits or the range of float32
IN_32_BITS = frozenset(
    (
        # losses
        "binary_cross_entropy", "binary_cross_entropy_with_logits", "cosine_embedding_loss", "cross_entropy_loss",
        "ctc_loss", "hinge_embedding_loss", "huber_loss", "kl_div", "l1_loss", "margin_ranking_loss", "mse_loss",
        "multi_margin_loss", "multilabel_margin_loss", "nll_loss", "poisson_nll_loss", "smooth_l1_loss",
        "soft_margin_loss", "triplet_margin_loss",
        # windows
        "adaptive_avg_pool3d", "adaptive_max_pool3d", "avg_pool3d", "fractional_max_pool2d", "fractional_max_pool3d",
        "grid_sampler", "max_pool3d", "max_unpool2d", "max_unpool3d", "reflection_pad1d", "reflection_pad2d",
        "replication_pad1d", "replication_pad2d", "replication_pad3d",
        # transforms
        "fft_fft", "fft_fft2", "fft_fftn", "fft_hfft", "fft_ifft", "fft_ifft2", "fft_ifftn", "fft_ihfft", "fft_irfft",
        "fft_irfft2", "fft_irfftn", "fft_rfft", "fft_rfft2", "fft_rfftn", "stft",
        # matrices
        "cdist", "cholesky", "cholesky_inverse", "cholesky_solve", "cond", "geqrf", "linalg_cholesky", "linalg_eig",
        "linalg_eigh", "linalg_eigvals", "linalg_householder_product", "linalg_inv", "linalg_qr", "linalg_solve",
        "linalg_svd", "linalg_svdvals", "lstsq", "lu_solve", "matrix_rank", "ormqr", "pinverse", "qr", "svd",
        "tensorinv", "tensorsolve", "trace", "triangular_solve",
        # others
        "nanquantile", "polar", "prod", "quantile", "view_as_complex",
    )
)  # fmt: skip

#: functions whose operands must have one type, and get the widest of theirs
IN_THE_WIDEST = frozenset({"index_copy"})

#: recurrent functions whose states stay in their type, and with them the result
KEEPING_STATES = frozenset({"gru", "gru_cell", "lstm_cell"})


def in_chosen_types(function: str, arguments: tuple, fast: dtype) -> tuple:
    """The arguments of a function, its tensors cast where its list asks for it; also those in lists and tuples.

    Only floating-point numbers of at most 32 bits are cast.
    """
    if function in IN_16_BITS:
        chosen = fast
    elif function in IN_32_BITS:
        chosen = float32
    elif function in IN_THE_WIDEST:
        types = [each.dtype for each in arguments if _may_be_cast(each)]
        chosen = float32 if float32 in types else fast
    else:
        return arguments
    kept = -1
    if function in KEEPING_STATES and arguments:
        kept = 2 if isinstance(arguments[3], list | tuple) else 1  # a packed sequence has a tensor of sizes before it
    return tuple(each if place == kept else _cast(each, chosen) for place, each in enumerate(arguments))


def _may_be_cast(value: Any) -> bool:
    return isinstance(value, Tensor) and value.is_floating_point() and value.dtype is not float64


def _cast(value: Any, chosen: dtype) -> Any:
    if isinstance(value, list | tuple):
        return [_cast(each, chosen) for each in value]
    return to_dtype(value, chosen) if _may_be_cast(value) else value
