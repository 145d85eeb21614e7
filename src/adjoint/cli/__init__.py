"""The `adjoint` command. A new subcommand is one `Command` in a module of its own, and one entry in `COMMANDS`."""

import os
import sys
from argparse import Action, ArgumentParser
from collections.abc import Sequence
from typing import Any

from adjoint import __version__
from adjoint.cli import explain, run
from adjoint.cli.command import Command, Refusal

__all__ = ["main"]

COMMANDS: tuple[Command, ...] = (run.COMMAND, explain.COMMAND)


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out the command line `arguments` (by default this process's own) and return the exit status.

    0: all well; 1: an exception in the user's program, or a difference found; 2: a request that cannot be carried out.
    """
    options = _parser().parse_args(arguments)
    try:
        return options.command.run(options)
    except Refusal as refusal:
        print(f"adjoint: {refusal}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read our output has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="adjoint", description="Run and look into programs written for PyTorch, on Adjoint.")
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version of Adjoint and stop")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in COMMANDS:
        subparser = subparsers.add_parser(
            command.name, help=command.summary, description=command.summary, allow_abbrev=False
        )
        command.configure(subparser)
        subparser.set_defaults(command=command)
    return parser


class _Version(Action):
    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        print("adjoint", __version__)
        parser.exit()
