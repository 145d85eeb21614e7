"""A long chain of methods over several lines."""

import adjoint as torch

x = torch.tensor([1.0, 4.0], requires_grad=True)
y = (
    (x - 1.0)
    .mul(2.0)
    .sqrt()  # <- fault: inf
    .sum()
)
y.backward()
answer = torch.why(x)
