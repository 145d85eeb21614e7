"""A policy that learns to walk along a corridor, by the score-function estimator (Williams, 1992)."""

import torch
import torch.nn.functional as F
from shared.steps import report, steps
from torch import nn

CELLS, MOVES, DISCOUNT = 8, 20, 0.95


class Corridor:
    """Many walkers at once in a row of cells; a move costs 0.1, and the last cell is worth 1 at each moment there."""

    def __init__(self, walkers):
        self.cells = torch.randint(CELLS // 2, (walkers,))

    def step(self, actions):
        """Move left (0) or right (1); the reward of each."""
        self.cells = (self.cells + 2 * actions - 1).clamp(0, CELLS - 1)
        return (self.cells == CELLS - 1).float() - 0.1


torch.manual_seed(0)
policy = nn.Sequential(nn.Linear(CELLS, 32), nn.Tanh(), nn.Linear(32, 2))
optimizer = torch.optim.Adam(policy.parameters(), lr=2e-3)

for step in steps():
    corridor = Corridor(walkers=32)
    scores, rewards = [], []
    for _ in range(MOVES):
        seen = F.one_hot(corridor.cells, CELLS).float()
        log_probability = F.log_softmax(policy(seen), dim=-1)
        actions = torch.multinomial(log_probability.detach().exp(), 1)
        scores.append(log_probability.gather(1, actions).squeeze(1))
        rewards.append(corridor.step(actions.squeeze(1)))

    following, returns = torch.zeros(32), []
    for reward in reversed(rewards):
        following = reward + DISCOUNT * following
        returns.insert(0, following)
    loss = -(torch.stack(scores) * torch.stack(returns)).sum(0).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    report(step, loss.item())
