"""A model that returns probabilities, all of them 1."""

import adjoint as torch
from adjoint import nn


class Logistic(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 1)
        nn.init.constant_(self.fc.weight, 300.0)

    def forward(self, x):
        z = self.fc(x)
        return torch.sigmoid(z)  # <- fault: saturated


m = Logistic()
opt = torch.optim.SGD(m.parameters(), lr=0.1)
x = torch.tensor([[1.0, 2.0], [2.0, 1.0]])
y = torch.tensor([[0.0], [0.0]])
for _epoch in range(3):
    pred = m(x)
    loss = nn.functional.mse_loss(pred, y)
    opt.zero_grad()
    loss.backward()
    opt.step()
answer = torch.why(m.fc.weight)
