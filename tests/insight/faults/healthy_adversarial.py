"""Two models against each other: each backward pass reaches both, and each optimizer clears its own."""

import adjoint as torch
from adjoint import nn


def train(generator, critic, steps):
    of_generator = torch.optim.Adam(generator.parameters(), lr=0.01)
    of_critic = torch.optim.Adam(critic.parameters(), lr=0.01)
    for _ in range(steps):
        noise, real = torch.randn(4, 2), torch.randn(4, 3)
        of_critic.zero_grad()
        (critic(generator(noise).detach()).mean() - critic(real).mean()).backward()
        of_critic.step()
        of_generator.zero_grad()
        loss = -critic(generator(noise)).mean()
        loss.backward()
        of_generator.step()
    return torch.why(generator.weight)


torch.manual_seed(0)
answer = train(nn.Linear(2, 3), nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 1)), 3)
