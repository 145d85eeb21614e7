"""A text as numbers: the licence of this project, character by character."""

from pathlib import Path

import torch

TEXT = (Path(__file__).parents[2] / "LICENSE").read_text(encoding="utf-8")
CHARACTERS = sorted(set(TEXT))


def characters() -> torch.Tensor:
    """The text, each character as its place in `CHARACTERS`."""
    return torch.tensor([CHARACTERS.index(character) for character in TEXT])


def passages(text: torch.Tensor, count: int, length: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Passages of the text from anywhere, and the same, one character later."""
    starts = torch.randint(len(text) - length, (count,))
    places = starts[:, None] + torch.arange(length)
    return text[places], text[places + 1]
