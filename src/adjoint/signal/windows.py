"""`torch.signal.windows`: weights that fade a stretch of a signal in and out.

The functions stand in `adjoint.ops`, and are loaded when they are first used.
"""

from adjoint.ops import later as _later

__getattr__, __dir__ = _later.face(__name__)
