"""A NaN that was in the data from the beginning."""

import adjoint as torch
from adjoint import nn


def loss_of(model, table):
    prediction = model(table)  # <- fault: nan
    return torch.log(prediction.abs() + 1).mean()


torch.manual_seed(0)
model = nn.Linear(2, 1)
table = torch.tensor([[1.0, 2.0], [float("nan"), 0.5]])
loss = loss_of(model, table)
loss.backward()
answer = torch.why(model.weight)
