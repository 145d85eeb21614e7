"""`torch.func`: functions in, functions out: derivatives of any order, and batches, composed as one likes."""

from adjoint.core import tensor as _tensor
from adjoint.core.face import loaded_on_use as _loaded_on_use
from adjoint.func.forward import jvp, linearize
from adjoint.func.jacobians import hessian, jacfwd, jacrev
from adjoint.func.reverse import grad, grad_and_value, vjp
from adjoint.func.text import transformed_text as _transformed_text
from adjoint.func.vmap import vmap

_tensor.transformed_text = _transformed_text

__getattr__, __dir__, __all__ = _loaded_on_use(__name__, {"models": ("functional_call", "stack_module_state")})
__all__ += ["grad", "grad_and_value", "hessian", "jacfwd", "jacrev", "jvp", "linearize", "vjp", "vmap"]
