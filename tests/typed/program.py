"""A user's program, for mypy: it knows every name, what it takes and what it gives. Never run."""

from typing import assert_type

import adjoint as torch
import adjoint.nn.functional as F

x = torch.randn(3, 4, requires_grad=True)
assert_type(x, torch.Tensor)
assert_type(x.sin(), torch.Tensor)
assert_type(x.add_(1.0), torch.Tensor)
assert_type(torch.cos(x), torch.Tensor)
assert_type(F.relu(x), torch.Tensor)
assert_type(torch.float32, torch.dtype)
assert_type(x + 1, torch.Tensor)
assert_type(x.requires_grad, bool)

torch.cos()  # type: ignore[call-arg]
torch.cosine(x)  # type: ignore[attr-defined]
x.cosine()  # type: ignore[attr-defined]
F.relu(x, inplace="no")  # type: ignore[arg-type]
x.sum(keepdim="yes")  # type: ignore[arg-type]
