"""The same inside of a class that trains: the backward pass is named too."""

import adjoint as torch
from adjoint import nn


class Experiment:
    def __init__(self):
        self.model = nn.Linear(2, 2)
        shadow = nn.Linear(2, 2)
        self.optimizer = torch.optim.RMSprop(shadow.parameters())

    def train_step(self, x):
        self.optimizer.zero_grad()
        loss = self.model(x).pow(2).sum()
        loss.backward()  # <- fault: UnreachedParametersWarning
        self.optimizer.step()


torch.manual_seed(0)
experiment = Experiment()
experiment.train_step(torch.randn(3, 2))
