"""A training loop whose loss is NaN from the first epoch; the optimizer has written NaN to the parameters since."""

import adjoint as torch
from adjoint import nn


class Flow(nn.Module):
    def __init__(self):
        super().__init__()
        self.scale = nn.Parameter(torch.zeros(3))
        self.shift = nn.Parameter(torch.zeros(3))

    def forward(self, x):
        z = x * self.scale + self.shift
        log_det = torch.log(self.scale.abs()).sum()  # <- fault: nan
        return 0.5 * (z**2).sum(1).mean() - log_det


def train(model, data):
    optimizer = torch.optim.Adam(model.parameters(), lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        loss = model(data)
        loss.backward()
        optimizer.step()


torch.manual_seed(0)
model = Flow()
train(model, torch.randn(8, 3))
answer = torch.why(model.scale)
