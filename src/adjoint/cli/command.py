"""What a subcommand of `adjoint` is."""

from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from dataclasses import dataclass


class Refusal(Exception):  # noqa: N818 - it is an answer to the user, not a failure of the program
    """A request that cannot be carried out: its text is shown, and the exit status is 2."""


@dataclass(frozen=True)
class Command:
    """A subcommand: `configure` adds its arguments to a parser, and `run` takes what they parsed to, and returns the
    exit status."""

    name: str
    summary: str
    configure: Callable[[ArgumentParser], None]
    run: Callable[[Namespace], int]
