"""`torch.func`: functions in, functions out: derivatives of any order, and batches, composed as one likes."""

from adjoint.func import text as _text  # how tensors print inside transformed functions
from adjoint.func.forward import jvp
from adjoint.func.jacobians import hessian, jacfwd, jacrev
from adjoint.func.reverse import grad, grad_and_value, linearize, vjp
from adjoint.func.vmap import vmap

__all__ = ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp", "vmap"]
