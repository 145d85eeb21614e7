"""A recurrent network that learns to continue a text, character by character."""

import torch
from shared.steps import report, steps
from shared.text import CHARACTERS, characters, passages
from torch import nn


class Recurrent(nn.Module):
    """Scores of the next character, at every place, and the network's state at the end."""

    def __init__(self):
        super().__init__()
        self.characters = nn.Embedding(len(CHARACTERS), 32)
        self.lstm = nn.LSTM(32, 64, num_layers=2, batch_first=True, dropout=0.1)
        self.out = nn.Linear(64, len(CHARACTERS))

    def forward(self, text, state=None):
        x, state = self.lstm(self.characters(text), state)
        return self.out(x), state


torch.manual_seed(0)
text = characters()
model = Recurrent()
optimizer = torch.optim.RMSprop(model.parameters(), lr=1e-3)
criterion = nn.CrossEntropyLoss()

for step in steps():
    given, following = passages(text, count=16, length=32)
    scores, _ = model(given)
    loss = criterion(scores.transpose(1, 2), following)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    report(step, loss.item())
