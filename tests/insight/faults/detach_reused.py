"""A sample that was detached for one loss, and used in the other."""

import adjoint as torch
from adjoint import nn

generator = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 3))
critic = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1), nn.Sigmoid())
of_generator = torch.optim.Adam(generator.parameters())
of_critic = torch.optim.Adam(critic.parameters())
bce = nn.BCELoss()
for _i in range(2):
    z = torch.randn(5, 2)
    real = torch.randn(5, 3)
    fake = generator(z).detach()  # <- fault: detach
    of_critic.zero_grad()
    d_loss = bce(critic(real), torch.ones(5, 1)) + bce(critic(fake), torch.zeros(5, 1))
    d_loss.backward()
    of_critic.step()
    of_generator.zero_grad()
    g_loss = bce(critic(fake), torch.ones(5, 1))
    g_loss.backward()
    of_generator.step()
answer = torch.why(generator[0].weight)
