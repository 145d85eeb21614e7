"""A with-block that is one line too long."""

import adjoint as torch
from adjoint import nn

torch.manual_seed(0)
backbone = nn.Sequential(nn.Linear(5, 7), nn.ReLU())
adapter = nn.Linear(7, 7)
head = nn.Linear(7, 2)
images, labels = torch.randn(6, 5), torch.tensor([0, 1, 0, 1, 1, 0])
criterion = nn.CrossEntropyLoss()

with torch.no_grad():  # <- fault: no_grad
    features = backbone(images)
    adapted = adapter(features)
scores = head(adapted)
loss = criterion(scores, labels)
loss.backward()
answer = torch.why(adapter.weight)
