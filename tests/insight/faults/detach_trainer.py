"""A class that trains, with other detach() calls that do no harm."""

import adjoint as torch
from adjoint import nn


class Critic(nn.Module):
    def __init__(self):
        super().__init__()
        self.body = nn.Linear(3, 6)
        self.value = nn.Linear(6, 1)

    def features(self, state):
        return torch.relu(self.body(state))

    def forward(self, state):
        return self.value(self.features(state))


class Trainer:
    def __init__(self, model):
        self.model = model
        self.optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
        self.log = []

    def loss(self, state, reward, following):
        target = reward + 0.9 * self.model(following).detach()
        features = self.model.features(state).detach()  # <- fault: detach
        return (self.model.value(features) - target).pow(2).mean()

    def step(self, batch):
        loss = self.loss(*batch)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.log.append(float(loss.detach()))


torch.manual_seed(0)
trainer = Trainer(Critic())
for _ in range(2):
    trainer.step((torch.randn(5, 3), torch.randn(5, 1), torch.randn(5, 3)))
answer = torch.why(trainer.model.body.weight)
