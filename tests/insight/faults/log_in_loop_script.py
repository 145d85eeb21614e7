"""A script whose parameters became NaN in its first step, asked after several."""

import adjoint as torch

torch.manual_seed(0)
counts = torch.tensor([3.0, 0.0, 5.0])
rates = torch.zeros(3, requires_grad=True)
optimizer = torch.optim.SGD([rates], lr=0.1)
for _ in range(3):
    optimizer.zero_grad()
    shifted = rates * counts
    penalty = (rates**2).mean()
    likelihood = (counts * torch.log(shifted)).sum()  # <- fault: nan
    loss = penalty - likelihood
    loss.backward()
    optimizer.step()
answer = torch.why(rates)
