"""A small transformer that learns to continue a text, character by character."""

import torch
import torch.nn.functional as F
from shared.steps import report, steps
from shared.text import CHARACTERS, characters, passages
from torch import nn

WIDTH, HEADS, LENGTH = 48, 4, 32


class Attention(nn.Module):
    """Each character attends to those before it."""

    def __init__(self):
        super().__init__()
        self.queries_keys_values = nn.Linear(WIDTH, 3 * WIDTH)
        self.out = nn.Linear(WIDTH, WIDTH)

    def forward(self, x):
        batch, length, _ = x.shape
        heads = self.queries_keys_values(x).view(batch, length, 3 * HEADS, -1).transpose(1, 2)
        query, key, value = heads.chunk(3, dim=1)
        mixed = F.scaled_dot_product_attention(query, key, value, is_causal=True)
        return self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))


class Block(nn.Module):
    """Attention and two linear layers, each around a shortcut."""

    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.attention = Attention()
        self.feed_forward = nn.Sequential(nn.Linear(WIDTH, 4 * WIDTH), nn.GELU(), nn.Linear(4 * WIDTH, WIDTH))

    def forward(self, x):
        x = x + self.attention(self.norm1(x))
        return x + self.feed_forward(self.norm2(x))


class Transformer(nn.Module):
    """Scores of the next character, at every place."""

    def __init__(self):
        super().__init__()
        self.characters = nn.Embedding(len(CHARACTERS), WIDTH)
        self.places = nn.Parameter(0.02 * torch.randn(LENGTH, WIDTH))
        self.blocks = nn.ModuleList(Block() for _ in range(2))
        self.norm = nn.LayerNorm(WIDTH)
        self.out = nn.Linear(WIDTH, len(CHARACTERS), bias=False)

    def forward(self, text):
        x = self.characters(text) + self.places
        for block in self.blocks:
            x = block(x)
        return self.out(self.norm(x))


torch.manual_seed(0)
text = characters()
model = Transformer()
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
warm_up = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: min(1.0, (step + 1) / 10))

for step in steps():
    given, following = passages(text, count=16, length=LENGTH)
    loss = F.cross_entropy(model(given).flatten(0, 1), following.flatten())
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
    warm_up.step()
    report(step, loss.item())
