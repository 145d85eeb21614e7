"""`torch.nn.functional`: what layers compute, as functions.

Written by `python -m tools.stubs`: do not edit.
"""

from adjoint.core.tensor import Tensor
import builtins

def relu(input: Tensor, inplace: builtins.bool = ...) -> Tensor: ...
def sigmoid(input: Tensor) -> Tensor: ...
def tanh(input: Tensor) -> Tensor: ...
