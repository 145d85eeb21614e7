"""A function that is run again to be asked about."""

import adjoint as torch


def density(x, mean):
    distance = (x - mean).abs()
    shifted = distance - distance.min()
    energy = shifted.log()  # <- fault: nan
    weight = torch.softmax(energy, 0)
    return (weight * energy).sum()


answer = torch.why(density, torch.tensor([1.0, 2.0, 3.0]), 2.0)
