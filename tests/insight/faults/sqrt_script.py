"""Distances between points, two of which are the same."""

import adjoint as torch

points = torch.tensor([[0.0, 0.0], [3.0, 4.0], [0.0, 0.0]], requires_grad=True)
differences = points[:, None] - points[None, :]
squared = (differences**2).sum(-1)
distances = torch.sqrt(squared)  # <- fault: nan
energy = distances.sum()
energy.backward()
answer = torch.why(points)
