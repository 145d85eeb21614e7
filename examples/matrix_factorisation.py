"""Ratings of films by users, predicted from a vector for each user and each film (Koren, Bell and Volinsky, 2009)."""

import torch
from shared.steps import report, steps
from torch import nn

USERS, FILMS, FACTORS = 200, 100, 6


class Factors(nn.Module):
    """The product of the two vectors, and how far the user and the film lie above the mean."""

    def __init__(self):
        super().__init__()
        self.users = nn.Embedding(USERS, FACTORS)
        self.films = nn.Embedding(FILMS, FACTORS)
        self.user_bias = nn.Embedding(USERS, 1)
        self.film_bias = nn.Embedding(FILMS, 1)
        for table in (self.users, self.films):
            nn.init.normal_(table.weight, std=0.1)
        for table in (self.user_bias, self.film_bias):
            nn.init.zeros_(table.weight)

    def forward(self, user, film):
        product = (self.users(user) * self.films(film)).sum(dim=1)
        return product + self.user_bias(user).squeeze(1) + self.film_bias(film).squeeze(1)


torch.manual_seed(0)
taste = torch.randn(USERS, 3) @ torch.randn(3, FILMS) + torch.randn(FILMS)
user, film = torch.randint(USERS, (5000,)), torch.randint(FILMS, (5000,))
rating = taste[user, film] + 0.1 * torch.randn(5000)

model = Factors()
optimizer = torch.optim.Adagrad(model.parameters(), lr=0.1)

for step in steps():
    batch = torch.randint(len(rating), (256,))
    loss = nn.functional.mse_loss(model(user[batch], film[batch]), rating[batch])
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    report(step, loss.item())
