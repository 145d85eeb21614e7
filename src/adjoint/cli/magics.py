"""IPython's own syntax in a cell (`%time f(x)`, `!pip install torch`): Python in its place, or a clear word."""

import ast
import re
from dataclasses import dataclass

# What changes nothing that a program computes, and why it is left out. The first lot prints nothing either.
_SILENT = dict.fromkeys(["matplotlib", "pylab"], "no figures are drawn") | dict.fromkeys(
    ["config", "load_ext", "reload_ext", "autoreload"], "it sets up IPython, which does not run here"
)
_PRINTING = dict.fromkeys(["pip", "conda", "mamba", "uv", "apt", "apt-get"], "nothing is installed by a run") | {
    "timeit": "times are not repeated here"
}
_SPECIAL = re.compile(r"(?P<indent>\s*)(?P<sign>%%|%|!|\?)\s*(?P<name>[\w.-]*)\s*(?P<rest>.*)")
_ASSIGNED = re.compile(r"\s*[\w., ]+=\s*[%!]")
_ASKS = re.compile(r"(?P<indent>\s*)[\w.]+\?{1,2}\s*$")


@dataclass
class PlainCode:
    """A cell's source as plain Python, line for line; what was left out; and what that means for a comparison."""

    source: str
    notes: list[str]
    is_timed: bool = False
    comparable: bool = True


def plain_python(source: str, filename: str) -> PlainCode:
    """Put Python in the place of IPython's syntax. `SyntaxError` at the line that cannot be carried out.

    >>> code = plain_python("%matplotlib inline\\n%time y = 2", "a.ipynb, cell 1")
    >>> code.source
    'pass\\ny = 2'
    >>> code.notes
    ['%matplotlib inline is skipped: no figures are drawn']
    """
    code = PlainCode(source, [])
    if source.lstrip().startswith("%%"):
        _replace_cell_magic(code, filename)
    while (line := _line_that_is_not_python(code.source)) is not None:
        lines = code.source.split("\n")
        replaced = _plain_line(lines[line], code)
        if replaced is None:
            if not _is_special(lines[line]):
                break  # an ordinary mistake: Python will say so itself
            raise _refusal(filename, lines[line], line + 1)
        lines[line] = replaced
        code.source = "\n".join(lines)
    return code


def _line_that_is_not_python(source: str) -> int | None:
    try:
        ast.parse(source)
    except SyntaxError as error:
        if error.lineno is not None and 1 <= error.lineno <= source.count("\n") + 1:
            return error.lineno - 1
    except ValueError:
        pass
    return None


def _replace_cell_magic(code: PlainCode, filename: str) -> None:
    lines = code.source.split("\n")
    first = next(number for number, line in enumerate(lines) if line.strip())
    match _SPECIAL.match(lines[first]):
        case re.Match() as special if special["name"] == "time":
            lines[first] = ""
            code.is_timed = True
        case re.Match() as special if special["name"] in _PRINTING:
            code.notes.append(f"a cell of %%{special['name']} is skipped: {_PRINTING[special['name']]}")
            code.comparable = False
            lines = ["pass"]
        case _:
            raise _refusal(filename, lines[first], first + 1)
    code.source = "\n".join(lines)


def _plain_line(line: str, code: PlainCode) -> str | None:
    """Python in the place of `line`, or None if it cannot be replaced."""
    if asks := _ASKS.match(line):
        code.notes.append(f"{line.strip()} is skipped: help is not shown")
        return f"{asks['indent']}pass"
    special = _SPECIAL.match(line)
    if special is None or special["sign"] == "%%":
        return None
    name = special["name"]
    if name == "time" and special["sign"] == "%" and special["rest"]:
        code.is_timed = True
        return special["indent"] + special["rest"]
    reasons = _PRINTING if special["sign"] == "!" else _SILENT | _PRINTING
    if special["sign"] == "?":
        reason = "help is not shown"
    elif name in reasons:
        reason = reasons[name]
    else:
        return None
    code.notes.append(f"{line.strip()} is skipped: {reason}")
    code.comparable &= name not in _PRINTING
    return f"{special['indent']}pass"


def _is_special(line: str) -> bool:
    return bool(_SPECIAL.match(line) or _ASSIGNED.match(line))


def _refusal(filename: str, line: str, number: int) -> SyntaxError:
    message = "this is a command to IPython or the shell, which `adjoint run` does not carry out"
    start, end = len(line) - len(line.lstrip()) + 1, len(line) + 1
    return SyntaxError(message, (filename, number, start, f"{line}\n", number, end))
