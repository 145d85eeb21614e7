"""`adjoint run FILE [ARGS...]`: a script or a notebook written for PyTorch, run on Adjoint."""

from argparse import PARSER, ArgumentParser, Namespace
from pathlib import Path

from adjoint.cli.command import Command, Refusal
from adjoint.cli.notebook import parse_notebook
from adjoint.cli.notebook_run import run_notebook
from adjoint.cli.script import run_script


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--check",
        action="store_true",
        help="compare what each cell of a notebook prints with the output saved in it; exit 1 when any differs",
    )
    # argparse's PARSER: what follows the first of these is the program's own, `--` and options included.
    parser.add_argument(
        "program", metavar="FILE", nargs=PARSER, help="a script (.py) or a notebook (.ipynb), and its arguments"
    )


def _run(options: Namespace) -> int:
    path = Path(options.program[0])
    arguments = options.program[1:]
    is_notebook = path.suffix == ".ipynb"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from None
    if not is_notebook and path.suffix != ".py":
        raise Refusal(f"{path} is neither a script (.py) nor a notebook (.ipynb)")
    if is_notebook and "--check" in arguments:
        raise Refusal(f"--check goes before the file: adjoint run --check {path}")
    if options.check and not is_notebook:
        raise Refusal(f"--check compares a notebook with the outputs saved in it, and {path} is a script")
    if is_notebook:
        return run_notebook(parse_notebook(content, path), arguments, check=options.check)
    return run_script(content, path, arguments)


COMMAND = Command("run", "run a script or a notebook written for PyTorch on Adjoint", _configure, _run)
