"""A dead layer in the middle; the batches that it was trained on are gone."""

import adjoint as torch
import adjoint.nn.functional as F
from adjoint import nn


class MLP(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc1 = nn.Linear(4, 16)
        self.fc2 = nn.Linear(16, 16)
        self.fc3 = nn.Linear(16, 2)

    def forward(self, x):
        x = F.relu(self.fc1(x))
        x = F.relu(self.fc2(x))  # <- fault: dead_relu
        return self.fc3(x)


torch.manual_seed(0)
m = MLP()
with torch.no_grad():
    m.fc2.bias.fill_(-100.0)
opt = torch.optim.Adam(m.parameters(), lr=1e-3)


def train(m, opt, n):
    for _ in range(n):
        x, y = torch.randn(8, 4), torch.randint(0, 2, (8,))
        loss = F.cross_entropy(m(x), y)
        opt.zero_grad()
        loss.backward()
        opt.step()
    return loss


last = train(m, opt, 3)
answer = torch.why(m.fc1.weight)
