"""`torch.linalg`: linear algebra.

The functions stand in `adjoint.ops`, and are loaded when they are first used.
"""

from adjoint.arrays.failures import LinAlgError
from adjoint.ops import later as _later

__all__ = ["LinAlgError"]

__getattr__, __dir__ = _later.face(__name__)
