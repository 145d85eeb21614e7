"""`adjoint explain TARGET --at x=3`: the chain rule of a function in a file, or of a formula, worked out at a point."""

import inspect
import re
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adjoint import Tensor, as_tensor, check_gradient, explain, insight
from adjoint.cli.command import Command, Refusal
from adjoint.cli.script import module_of
from adjoint.cli.tracebacks import passes, shown
from adjoint.lazy import lazy

expressions = lazy("adjoint.insight.expression")  # these two `adjoint run` does not need
watching = lazy("adjoint.insight.watching")

_FORMATS = {
    "html": "a page to step through it",
    "svg": "the graph as a picture",
    "tex": "the formulas in LaTeX",
    "md": "the text in Markdown",
    "dot": "the graph for Graphviz",
}
_IN_FILE = re.compile(r"(?P<file>.+\.py):(?P<function>[^/\\:]*)")
_NAMED = re.compile(r"\s*(?P<name>[^\W\d]\w*)\s*=(?!=)(?P<value>.*)")
_DERIVATIVE = re.compile(
    r"\s*(?P<name>[^\W\d]\w*|(?:direct\s+)?[d∂][\w.\[\]()]+\s*/\s*[d∂][\w.\[\]()]+)\s*=(?!=)(?P<value>.*)"
)


def _configure(parser: ArgumentParser) -> None:
    parser.add_argument(
        "target",
        metavar="TARGET",
        help='a function in a file, FILE.py:FUNCTION, or a formula of PyTorch\'s functions, "sin(x**2)"',
    )
    parser.add_argument(
        "--at",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help="the value of a variable: a number, or a list of them, as in --at x=3 or --at 'x=[1,2]'; several are "
        "separated by commas",
    )
    parser.add_argument(
        "--gradient", metavar="VALUE", help="the cotangent of a result that is not one number, as in --gradient '[1,0]'"
    )
    parser.add_argument(
        "--check",
        metavar="DERIVATIVE",
        action="append",
        default=[],
        help="compare a derivative derived by hand, as in --check '2*x*cos(x**2)', or for one of several variables "
        "--check 'x=2*x*y', or for a link of the chain --check 'dz/dw=x'; exit 1 when it is wrong",
    )
    for name, what in _FORMATS.items():
        parser.add_argument(f"--{name}", metavar="FILE", help=f"write {what} to a file")


@dataclass(frozen=True)
class _Target:
    """What is to be explained: a function of the variables whose values are given."""

    function: Callable[..., Any]
    values: dict[str, Any]


def _run(options: Namespace) -> int:
    values = _values(options.at)
    gradient = None if options.gradient is None else as_tensor(_value(options.gradient, "--gradient"))
    checks = _checks(options.check)
    in_file = _IN_FILE.fullmatch(options.target)
    if in_file is None:
        if options.target.endswith(".py"):
            raise Refusal(f"which function of {options.target}? Say: {options.target}:FUNCTION")
        return _report(*_worked_out(_formula(options.target, values), gradient, checks), options)
    path = Path(in_file["file"])
    try:
        source = path.read_bytes()
    except OSError as error:
        raise Refusal(f"cannot read {path}: {error.strerror}") from None
    try:
        with module_of(source, path) as module:
            target = _function(vars(module), path, in_file["function"], values)
            found = _worked_out(target, gradient, checks)
    except (Refusal, SystemExit):
        raise
    except BaseException as error:
        return shown(error, (str(Path(insight.__file__).parent),))
    return _report(*found, options)


def _worked_out(target: _Target, gradient: Any, checks: Any) -> tuple[Any, Any]:
    """The explanation, and what came of the derivatives to check, if there are any."""
    try:
        explanation = explain(target.function, *target.values.values(), gradient=gradient)
        found = None if checks is None else check_gradient(target.function, target.values, checks, gradient=gradient)
    except (ImportError, RuntimeError, TypeError, ValueError) as error:
        if passes(error, getattr(target.function, "__wrapped__", None)):
            raise  # it is the user's program that failed
        raise Refusal(_advised(str(error))) from None
    return explanation, found


def _report(explanation: Any, found: Any, options: Namespace) -> int:
    _print(explanation)
    if found is not None:
        print()
        _print(found)
    for name in _FORMATS:
        path = getattr(options, name)
        if path is not None:
            try:
                getattr(explanation, name)(path)
            except (OSError, RuntimeError) as error:
                raise Refusal(f"cannot write {path}: {getattr(error, 'strerror', None) or error}") from None
    return 0 if found is None or found else 1


def _print(result: Any) -> None:
    """In colour on a terminal."""
    if sys.stdout.isatty():
        result.show()
    else:
        print(result)


def _advised(message: str) -> str:
    if "only for scalar outputs" in message or "only for real scalar outputs" in message:
        return f"{message.partition(chr(10))[0]}\nSum the result, or give its cotangent: --gradient '[1, 0]'."
    return message


# --- formulas ------------------------------------------------------------------------------------------------------


def _formula(text: str, values: dict[str, Any]) -> _Target:
    try:
        expression = expressions.parse(text)
    except expressions.ExpressionError as error:
        raise Refusal(str(error)) from None
    names = [name for name in expression.names if name not in values]
    if names:
        raise Refusal(_lacking("the formula", names))
    surplus = [name for name in values if name not in expression.names and name not in expressions.CONSTANTS]
    if surplus:
        raise Refusal(f"the formula has no variable {surplus[0]}")
    if not expression.names:
        raise Refusal("the formula has no variable to differentiate by")
    return _Target(expression.as_function(list(values)), _variables(values))


def _variables(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values as what is differentiated by."""
    tensors = {name: as_tensor(value) for name, value in values.items() if isinstance(value, complex | Tensor)}
    return {name: tensors[name].requires_grad_() if name in tensors else value for name, value in values.items()}


def _lacking(what: str, names: Sequence[str]) -> str:
    example = " ".join(f"--at {name}=3" for name in names)
    return f"{what} needs a value for {' and '.join(names)}: {example}"


# --- functions in files --------------------------------------------------------------------------------------------


def _function(namespace: Mapping[str, Any], path: Path, name: str, values: dict[str, Any]) -> _Target:
    function = namespace.get(name)
    if not callable(function):
        there = [each for each, value in namespace.items() if inspect.isfunction(value) and each[:1] != "_"]
        known = f"; there are {', '.join(there)}" if there else ""
        raise Refusal(f"{path} has no function {name}{known}" if name else f"which function of {path}?{known}")
    signature = inspect.signature(function)
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
    for each in values:
        if each not in signature.parameters and not takes_any:
            raise Refusal(f"{name} has no parameter {each}; it has {', '.join(signature.parameters) or 'none'}")
    lacking = [each.name for each in signature.parameters.values() if _is_needed(each) and each.name not in values]
    if lacking:
        raise Refusal(_lacking(name, lacking))
    whole = watching.whole_numbers(function)
    plain = {each: value for each, value in values.items() if each in whole and isinstance(value, int)}
    variables = {each: value for each, value in values.items() if each not in plain}

    def called(*given: Any, **named: Any) -> Any:
        arguments = plain | dict(zip(variables, given, strict=False)) | named
        extra = {each: value for each, value in arguments.items() if each not in signature.parameters}
        known = {each: arguments[each] for each in signature.parameters if each in arguments}
        bound = inspect.BoundArguments(signature, known)
        return function(*bound.args, **bound.kwargs, **extra)

    called.__name__ = name
    called.__wrapped__ = function  # type: ignore[attr-defined]
    called.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [inspect.Parameter(each, inspect.Parameter.POSITIONAL_OR_KEYWORD) for each in variables]
    )
    return _Target(called, _variables(variables))


def _is_needed(parameter: inspect.Parameter) -> bool:
    is_one = parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    return is_one and parameter.default is parameter.empty


# --- values --------------------------------------------------------------------------------------------------------


def _values(given: Sequence[str]) -> dict[str, Any]:
    """The values of `--at x=3 --at y=[1,2]`, or of `--at x=3,y=[1,2]`."""
    values: dict[str, Any] = {}
    for text in given:
        for piece in _pieces(text):
            found = _NAMED.fullmatch(piece)
            if found is None:
                raise Refusal(f"--at {text}: this is no NAME=VALUE")
            if found["name"] in values:
                raise Refusal(f"--at gives {found['name']} twice")
            values[found["name"]] = _value(found["value"], f"--at {found['name']}")
    return values


def _pieces(text: str) -> list[str]:
    """A text, cut at the commas that stand in no brackets."""
    pieces, depth = [""], 0
    for each in text:
        depth += (each in "([") - (each in ")]")
        if each == "," and depth == 0:
            pieces.append("")
        else:
            pieces[-1] += each
    return pieces


def _value(text: str, option: str) -> Any:
    try:
        return expressions.parse(text).evaluate({})
    except expressions.ExpressionError as error:
        raise Refusal(f"{option}: {error}") from None


def _checks(given: Sequence[str]) -> Any:
    """The derivatives to check: one formula, or several by name; None without any."""
    found = [_DERIVATIVE.fullmatch(text) for text in given]
    if not given:
        return None
    if len(given) == 1 and found[0] is None:
        return given[0]
    named = {}
    for text, each in zip(given, found, strict=True):
        if each is None:
            raise Refusal(f"--check {text}: of several derivatives each needs a name, as in --check 'x=2*x'")
        named[each["name"].strip()] = each["value"]
    return named


COMMAND = Command("explain", "work out the chain rule of a function or a formula at a point", _configure, _run)
