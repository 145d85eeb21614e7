"""A convolutional network, with batch normalisation, reads digits."""

import torch
import torch.nn.functional as F
from shared.digits import digits
from shared.steps import endlessly, report, steps
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


class Net(nn.Module):
    """Two convolutions and two linear layers."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, kernel_size=3, padding=1)
        self.norm = nn.BatchNorm2d(16)
        self.conv2 = nn.Conv2d(16, 32, kernel_size=3)
        self.dropout = nn.Dropout2d(0.1)
        self.hidden = nn.Linear(32 * 3 * 3, 64)
        self.out = nn.Linear(64, 10)

    def forward(self, x):
        x = F.relu(self.norm(self.conv1(x)))
        x = F.max_pool2d(F.relu(self.conv2(x)), 2, stride=2, padding=0)
        x = F.adaptive_avg_pool2d(self.dropout(x), 3)
        x = F.relu(self.hidden(torch.flatten(x, 1)))
        return F.log_softmax(self.out(x), dim=1)


torch.manual_seed(0)
loader = DataLoader(TensorDataset(*digits(1000)), batch_size=32, shuffle=True)
model = Net()
optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)

for step, (pictures, labels) in zip(steps(), endlessly(loader)):
    optimizer.zero_grad()
    loss = F.nll_loss(model(pictures), labels)
    loss.backward()
    optimizer.step()
    report(step, loss.item())
