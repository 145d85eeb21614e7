"""A network of three layers, with dropout, reads digits."""

import torch
from shared.digits import SIDE, digits
from shared.steps import endlessly, report, steps
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
loader = DataLoader(TensorDataset(*digits(1000)), batch_size=64, shuffle=True, drop_last=True)

model = nn.Sequential(
    nn.Flatten(),
    nn.Linear(SIDE * SIDE, 128),
    nn.ReLU(),
    nn.Dropout(0.2),
    nn.Linear(128, 64),
    nn.GELU(),
    nn.Linear(64, 10),
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.2, momentum=0.9, nesterov=True, weight_decay=1e-4)
schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=100)
criterion = nn.CrossEntropyLoss(label_smoothing=0.1)

for step, (pictures, labels) in zip(steps(), endlessly(loader)):
    optimizer.zero_grad()
    loss = criterion(model(pictures), labels)
    loss.backward()
    optimizer.step()
    schedule.step()
    report(step, loss.item())
