"""A gate with weights that are far too large, in a module that a loop trains."""

import adjoint as torch
from adjoint import nn


class Gated(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = nn.Linear(4, 4)
        self.value = nn.Linear(4, 4)
        nn.init.constant_(self.gate.bias, 200.0)

    def forward(self, x):
        gate = torch.sigmoid(self.gate(x))  # <- fault: saturated
        return gate * torch.tanh(self.value(x))


torch.manual_seed(0)
model = Gated()
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x = torch.randn(3, 4)
for _ in range(2):
    optimizer.zero_grad()
    output = model(x)
    loss = output.pow(2).sum()
    loss.backward()
answer = torch.why(model.gate.weight)
