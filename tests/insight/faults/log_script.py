"""A likelihood written by hand, of probabilities that reach 0."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
x = torch.randn(6, 4) * 400
y = nn.functional.one_hot(torch.tensor([0, 1, 2, 0, 1, 2]), 3).float()
model = nn.Linear(4, 3)
for _ in range(1):
    probabilities = torch.softmax(model(x), 1)
    likelihood = y * torch.log(probabilities)  # <- fault: nan
    loss = -likelihood.sum(1).mean()
    model.zero_grad()
    loss.backward()
answer = torch.why(model.weight)
