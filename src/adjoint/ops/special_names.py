"""Functions that PyTorch has in `torch.special` as well as elsewhere, under the names that they have there."""

from __future__ import annotations

from collections.abc import Callable

from adjoint.core.exports import export
from adjoint.ops.bessel import i0
from adjoint.ops.elementary import logit, sinc, xlogy
from adjoint.ops.nn.softmax import log_softmax, softmax
from adjoint.ops.pointwise import exp2, expm1, log1p, sigmoid
from adjoint.ops.rounding import round
from adjoint.ops.special import digamma, erf, erfc, erfinv, igamma, igammac, lgamma, mvlgamma, polygamma
from adjoint.ops.totals import logsumexp

_NAMES: dict[str, Callable] = {
    "erf": erf, "erfc": erfc, "erfinv": erfinv, "gammaln": lgamma, "digamma": digamma, "psi": digamma,
    "polygamma": polygamma, "multigammaln": mvlgamma, "gammainc": igamma, "gammaincc": igammac, "i0": i0,
    "sinc": sinc, "xlogy": xlogy, "logit": logit, "expit": sigmoid, "exp2": exp2, "expm1": expm1, "log1p": log1p,
    "round": round, "logsumexp": logsumexp, "softmax": softmax, "log_softmax": log_softmax,
}  # fmt: skip
for _name, _function in _NAMES.items():
    export(_function, name=_name, module="special", method=False)
