"""Small pictures of digits: ten glyphs, shifted, of different strength, with noise."""

import torch

GLYPHS = """
.###.  ..#..  .###.  .###.  ...#.  #####  .###.  #####  .###.  .###.
#...#  .##..  #...#  #...#  ..##.  #....  #....  ....#  #...#  #...#
#..##  ..#..  ....#  ....#  .#.#.  ####.  #....  ...#.  #...#  #...#
#.#.#  ..#..  ...#.  ..##.  #..#.  ....#  ####.  ..#..  .###.  .####
##..#  ..#..  ..#..  ....#  #####  ....#  #...#  .#...  #...#  ....#
#...#  ..#..  .#...  #...#  ...#.  #...#  #...#  .#...  #...#  ....#
.###.  .###.  #####  .###.  ...#.  .###.  .###.  .#...  .###.  .###.
"""
SIDE = 10


def digits(count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures [count, 1, 10, 10] with values from 0 to 1, and the digit that each shows."""
    rows = [line.split() for line in GLYPHS.split("\n") if line]
    glyphs = torch.tensor([[[float(dot == "#") for dot in row[digit]] for row in rows] for digit in range(10)])
    labels = torch.randint(10, (count,))
    down = torch.randint(SIDE - glyphs.shape[1] + 1, (count,))
    right = torch.randint(SIDE - glyphs.shape[2] + 1, (count,))
    pictures = torch.zeros(count, 1, SIDE, SIDE)
    for picture, label, top, left in zip(pictures, labels.tolist(), down.tolist(), right.tolist()):
        picture[0, top : top + glyphs.shape[1], left : left + glyphs.shape[2]] = glyphs[label]
    strength = 0.6 + 0.4 * torch.rand(count, 1, 1, 1)
    return (pictures * strength + 0.1 * torch.rand(count, 1, SIDE, SIDE)).clamp(0, 1), labels
