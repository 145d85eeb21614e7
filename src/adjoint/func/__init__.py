"""`torch.func`: functions in, functions out: derivatives of any order, and batches, composed as one likes."""

import sys as _sys

from adjoint.core import tensor as _tensor
from adjoint.core.absent import absent_attribute as _absent_attribute
from adjoint.func.forward import jvp, linearize
from adjoint.func.jacobians import hessian, jacfwd, jacrev
from adjoint.func.reverse import grad, grad_and_value, vjp
from adjoint.func.text import transformed_text as _transformed_text
from adjoint.func.vmap import vmap

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp", "vmap"]

_tensor.transformed_text = _transformed_text

__getattr__ = _absent_attribute(_sys.modules[__name__])
