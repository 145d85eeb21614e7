"""The steps of a training loop, as many as the command line asks for."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from typing import Any


def steps(default: int = 100) -> Iterator[int]:
    """Yield 0, 1, 2, ... to `--steps`, with a bar of progress on a terminal where tqdm is installed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=default, help="how many steps to train (%(default)s)")
    numbers = range(parser.parse_args().steps)
    if sys.stderr.isatty():
        try:
            from tqdm import tqdm
        except ImportError:
            pass
        else:
            numbers = tqdm(numbers)
    yield from numbers


def endlessly(batches: Iterable[Any]) -> Iterator[Any]:
    """One pass over the batches after another."""
    while True:
        yield from batches


def report(step: int, loss: float) -> None:
    """Print one step's loss."""
    print(f"step {step}: loss {loss:.6f}", flush=True)
