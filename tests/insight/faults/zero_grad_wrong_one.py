"""Two models, of which one clears the gradients of the other."""

import adjoint as torch
from adjoint import nn


class Trainer:
    def __init__(self):
        self.student = nn.Linear(2, 1)
        self.teacher = nn.Linear(2, 1)
        self.optimizer = torch.optim.AdamW(self.student.parameters(), lr=0.1)

    def step(self, x):
        with torch.no_grad():
            target = self.teacher(x)
        loss = (self.student(x) - target).pow(2).mean()
        self.teacher.zero_grad()
        loss.backward()  # <- fault: AccumulatedGradientWarning
        self.optimizer.step()


torch.manual_seed(0)
trainer = Trainer()
for _ in range(3):
    trainer.step(torch.randn(4, 2))
