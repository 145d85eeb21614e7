"""`adjoint explain`: functions in files, formulas that are never executed, and what it answers to anything else."""

import ast
import builtins
import re
import string
import sys
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import adjoint as torch
from adjoint.cli import main
from adjoint.insight.expression import FUNCTIONS, ExpressionError, parse
from adjoint.ops import later

PROGRAM = """
import torch
from neighbour import offset

b = torch.tensor(1.0)

def loss(w, x: float, times: int = 1, *, power=2):
    z = w * x + b
    for _ in range(times):
        z = z * 1.0
    y_pred = torch.sigmoid(z)
    return -torch.log(1 - y_pred) + offset * 0

def squares(x):
    return x ** 2

def fails(x):
    return x / (1 / 0)

def positional(x, /, y):
    return x * y

def anything(**variables):
    return variables["a"] * variables["b"]

def number(x):
    return 1.0

def interrupted(x):
    raise KeyboardInterrupt

if __name__ == "__main__":
    print("this is no script run")
"""


@pytest.fixture
def program(tmp_path, monkeypatch):
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "neighbour.py").write_text("offset = 0.5\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def explain(capsys):
    """Call `adjoint explain` here: the exit status, what it printed, and what it said on stderr."""

    def call(*arguments):
        try:
            status = main(["explain", *arguments])
        except SystemExit as error:
            status = error.code
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return call


# --- formulas ---


def test_a_formula(adjoint):
    done = adjoint("explain", "sin(x**2)", "--at", "x=3")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("y differentiated by x\n")
    assert "dy/dx = 2 * cos(v1) * x = 2 * cos(9) * 3 = -5.46678" in done.stdout
    assert "\x1b" not in done.stdout
    assert "line" not in done.stdout  # a formula stands in no file


@pytest.mark.parametrize(
    "at", [["--at", "x=3", "--at", "y=2"], ["--at", "x=3,y=2"], ["--at", " x = 3, y=4/2"], ["--at=y=2", "--at=x=3"]]
)
def test_values(explain, at):
    status, out, _ = explain("x * exp(y)", *at)
    assert status == 0
    assert "dresult/dx = tensor(7.3891)" in out


def test_lists_and_cotangents(explain):
    status, out, _ = explain("dot(x, y)", "--at", "x=[1,2],y=[3,4]")
    assert (status, "tensor([3., 4.])" in out) == (0, True)
    status, out, _ = explain("x * 2", "--at", "x=[[1,2],[3,4]]", "--gradient", "[[1,0],[0,1]]")
    assert (status, "tensor([[2., 0.]," in out) == (0, True)
    status, out, err = explain("x * 2", "--at", "x=[1,2]")
    assert (status, out) == (2, "")
    assert err == (
        "adjoint: grad can be implicitly created only for scalar outputs\n"
        "Sum the result, or give its cotangent: --gradient '[1, 0]'.\n"
    )
    assert explain("sin(2 * pi * x)", "--at", "x=-0.5e0")[0] == 0
    assert explain("real(z * conj(z))", "--at", "z=1+2j")[0] == 0


def test_a_derivative_to_check(explain):
    status, out, _ = explain("sin(x**2)", "--at", "x=3", "--check", "2*x*cos(x**2)")
    assert (status, "Your derivative of y is right, at x = 3" in out) == (0, True)
    status, out, _ = explain("sin(x**2)", "--at", "x=3", "--check", "x*cos(x**2)")
    assert (status, "this is 1/2 times the derivative" in out) == (1, True)
    status, out, _ = explain("x * y", "--at", "x=3,y=2", "--check", "x=y", "--check", "y = y")
    assert (status, "wrong in dresult/dy" in out) == (1, True)
    assert explain("sum(x * 2, dim=0)", "--at", "x=[1,2]", "--check", "sum(x, dim=0) * 0 + [2, 2]")[0] == 0
    assert explain("x * y", "--at", "x=3,y=2", "--check", "x=y", "--check", "x")[0] == 2
    status, _, err = explain("sin(x)", "--at", "x=3", "--check", "cos(q)")
    assert (status, "there is no variable q" in err) == (2, True)


@pytest.mark.parametrize(
    ("formula", "message", "column"),
    [
        ("sin(x", r"'\(' was never closed", 3),
        ("2x", "this is no formula", 0),
        ("x + foo(x)", "foo is not among the functions that a formula may call", 4),
        ("x + __import__('os').system('true')", "has no place in a formula|not among the functions", 4),
        ("x.__class__", "__class__ has no place in a formula", 0),
        ("(lambda: x)()", "not among the functions", 0),
        ("lambda: x", "has no place in a formula", 0),
        ("[a for a in x]", "has no place in a formula", 0),
        ("x if x > 0 else 1", r"write where\(condition, a, b\)", 0),
        ("x ^ 2", r"write \*\*", 0),
        ("x + 'text'", "no texts", 4),
        ("x + f'{x}'", "has no place in a formula", 4),
        ("x * 9**9**9", "too large", 4),
        ("x * 10**400", "too large", 4),
        ("x + 1e999", "too large", 4),
        ("x + ones(10**10)", "ones is not among", 4),
        ("x + linalg.foo(x)", "linalg.foo is not among", 4),
        ("linalg.sum(x)", "linalg.sum is not among", 0),
        ("x + os.system(x)", "os.system is not among", 4),
        ("sin(x, out=x)", "out is not among the options", 0),
        ("sin(x, **x)", r"\*\* is not among the options", 0),
        ("sin(*x)", "has no place in a formula", 4),
        ("sum(x, dim=x)", "dim needs a number, written out", 11),
        ("x[x]", "an index has whole numbers only", 2),
        ("x := 3", "this is no formula", 2),
        ("x; x", "this is no formula", 1),
        ("x\nx", "on one line", 1),
        ("x\0", "on one line", 1),
        ("", "a formula is missing", 0),
        ("x * " + "-" * 200 + "x", "nested too deeply", 64),
        ("x" + " + x" * 300, "at most 1000 characters", 0),
        ("sin()", "needs something in its parentheses", 0),
        ("max([x, x], dim=0)", "gives several results", 0),
        ("outer(x * [1], [x])[5]", "index 5 is out of bounds", 0),
        ("1/0 * x", "division by zero", 0),
        ("é + foo(x)", "foo is not among", 4),
        ("reshape(x * outer(x, x)", "never closed", 7),
    ],
)
def test_formulas_that_are_refused_at_their_place(explain, formula, message, column):
    status, out, err = explain(formula, "--at", "x=3,é=1" if "é" in formula else "x=3")
    assert (status, out) == (2, "")
    first, _, caret = err.removeprefix("adjoint: ").rstrip("\n").split("\n")
    assert re.search(message, first)
    assert caret.index("^") == 2 + min(column, 60)


def test_values_that_are_refused(explain):
    for at, message in (
        ("x", "--at x: this is no NAME=VALUE"),
        ("x=", "--at x: a formula is missing here"),
        ("x=[1,2", "'[' was never closed"),
        ("x=y", "there is no variable y"),
        ("x=open('f')", "open is not among the functions"),
        ("x=3,x=4", "--at gives x twice"),
        ("y=3", "the formula needs a value for x: --at x=3"),
        ("x=3,z=3", "the formula has no variable z"),
        ("x=[[1,2],[3]]", ""),
        (f"x=[{','.join('1' * 400)}]+outer([{','.join('1' * 10)}],[1])", ""),
    ):
        status, out, err = explain("sin(x)", "--at", at)
        assert (status, out) == (2, "")
        assert err.startswith("adjoint: ")
        assert message in err
    assert explain("sin(2)")[2] == "adjoint: the formula has no variable to differentiate by\n"


def test_large_values_are_refused():
    x = torch.ones(64)
    with pytest.raises(ExpressionError, match="this has 4096 elements, and 2048 are the most here"):
        parse("outer(x, x)").evaluate({"x": x})
    row = torch.ones(2000)
    for formula in ("where(a > 0, b, x)", "(a > 0).where(b, x)", "lerp(a, b, x)", "a.lerp(b, x)"):
        with pytest.raises(ExpressionError, match="this has 8000000000 elements"):
            parse(formula).evaluate({"x": row, "a": row.reshape(-1, 1, 1), "b": row.reshape(-1, 1)})
    assert parse("outer(x, x)").evaluate({"x": x}, most_elements=None).shape == (64, 64)


def test_the_functions_exist():
    for name in FUNCTIONS:
        owner = torch
        for part in name.split("."):
            owner = getattr(owner, part)
        assert callable(owner)


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("torch.sin(x) + adjoint.cos(x) - sin(x) - cos(x)", 0.0),
        ("F.relu(-x) + nn.functional.relu(x) + relu(x)", 6.0),
        ("special.erf(0) + linalg.det([[x, 0], [0, 2]])", 6.0),
        ("maximum(x, 5) + max(x, 2) + where(x > 0, 1, 0)", 9.0),
        ("x.pow(2).sqrt() + x.clamp(max=1)", 4.0),
        ("[x, 2 * x, 3 * x][1:].sum() + [1, 2][-1]", 17.0),
        ("mean([1, 2, 3]) * std([1., 3.], correction=0) * x", 6.0),
        ("([1, 2] @ [[1, 0], [0, x]]).sum() + norm([3, 4], p=2)", 12.0),
        ("reshape([1, 2, 3, 4], (2, 2)).T[0, 1] * x", 9.0),
        ("2**10 - 1024 + 2**-1 + x**0.5**0 - 3.5", 0.0),
        ("-x**2 + +x", -6.0),
        ("e**log(x) + pi - pi", 3.0),
    ],
)
def test_values_of_formulas(formula, value):
    assert float(parse(formula).evaluate({"x": torch.tensor(3.0)})) == pytest.approx(value, abs=1e-6)


# --- text that is meant to do harm ---

PIECES = r"""x y 1 2 9 0.5 1e308 10**10 9**9**9 ( ) [ ] { } , . + - * / ** @ = == < > : ; ' " # \ ` ~ ! ? $ __import__
    ('os') .system eval exec open lambda for in if else import __class__ __bases__ None True and or not await yield :=
    f'{x}' ... globals() breakpoint() exit() sin cos sum ones zeros matmul outer .T .sum() [0] dim="""
WORDS = st.sampled_from(PIECES.split())
TEXTS = st.lists(WORDS | st.sampled_from(" \n\0"), max_size=14).map("".join) | st.text(
    string.printable + "éλ∂", max_size=40
)


@pytest.fixture
def nothing_executes(monkeypatch):
    """Python's ways to execute a text are closed. What is left parses it to a syntax tree."""
    parse_only = builtins.compile

    def compile_nothing(source, filename, mode, flags=0, *arguments, **options):
        assert flags & ast.PyCF_ONLY_AST
        return parse_only(source, filename, mode, flags, *arguments, **options)

    def refuse(*_):
        raise AssertionError("a text is executed")

    def close():
        for name in ("eval", "exec", "breakpoint", "input"):
            monkeypatch.setattr(builtins, name, refuse)
        monkeypatch.setattr(builtins, "compile", compile_nothing)

    for name in FUNCTIONS:
        later.function(name)  # so that nothing has to be imported meanwhile
    return close, monkeypatch.undo


@given(TEXTS)
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_is_executed(nothing_executes, text):
    close, reopen = nothing_executes
    found = refusal = None
    close()
    try:
        found = parse(text).evaluate({"x": torch.tensor(3.0), "y": torch.tensor([1.0, 2.0])})
    except ExpressionError as error:
        refusal = str(error)
    finally:
        reopen()
    assert isinstance(found, torch.Tensor | int | float | complex) or "\n" in refusal


LEAVES = ["x", "v", "M", "z", "2", "0.5", "-1", "1e300", "10**15", "3j", "pi", "[1,2,3]", "[[1,2],[3,4]]"]
FORMULAS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "/", "**", "@", "<", "=="]), inner)
        | st.builds("{}({}{})".format, st.sampled_from(sorted(FUNCTIONS)), st.lists(inner, min_size=1, max_size=3).map(", ".join),
                    st.sampled_from(["", "", ", dim=0", ", keepdim=True", ", p=3", ", (2,3)", ", True"]))
        | st.builds("{}[{}]".format, inner, st.sampled_from(["0", "-1", "1:", "::2", "0,0"]))
    ),
    max_leaves=8,
)  # fmt: skip


@given(FORMULAS)
@settings(max_examples=300, deadline=None)
def test_every_formula_has_a_value_or_a_place_where_it_fails(formula):
    variables = {"x": torch.tensor(3.0), "v": torch.ones(7), "M": torch.eye(5), "z": torch.tensor([1 + 2j, 0.5])}
    value, column = None, -1
    try:
        value = parse(formula).evaluate(variables)
    except ExpressionError as error:
        column = error.column
    assert isinstance(value, torch.Tensor | int | float | complex) or 0 <= column < len(formula)


@given(TEXTS)
@settings(max_examples=100, deadline=None)
def test_no_text_gives_a_traceback(text):
    with redirect_stdout(StringIO()), redirect_stderr(StringIO()):
        try:
            status = main(["explain", f"--at={text}", "--", text])
        except SystemExit as error:
            status = error.code
    assert status in (0, 2)


# --- functions in files ---


def test_a_function_in_a_file(adjoint, program):
    done = adjoint("explain", "program.py:loss", "--at", "w=1,x=6.7", "--check", "dz/dw=x", "--check", "w=x*y_pred")
    assert (done.returncode, done.stderr) == (0, "")
    assert "dy_pred/dz = " in done.stdout
    assert "dloss/dw = tensor(6.6970)" in done.stdout or "dv" in done.stdout
    assert "Your derivative of " in done.stdout
    assert "this is no script run" not in done.stdout


def test_whole_numbers_may_be_meant_as_such(explain, program):
    status, out, err = explain("program.py:loss", "--at", "w=1,x=6,times=2,power=3")
    assert (status, err) == (0, "")
    assert "differentiated by w and x" in out or "differentiated by x and w" in out


def test_other_kinds_of_parameters(explain, program):
    for name, at, gradient in (("positional", "x=3,y=2", "dpositional/dx"), ("anything", "a=3,b=2", "danything/da")):
        status, out, err = explain(f"program.py:{name}", "--at", at)
        assert (status, err) == (0, "")
        assert f"{gradient} = tensor(2.)" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["program.py:loss", "--at", "w=1"], "loss needs a value for x: --at x=3"),
        (["program.py:loss"], "loss needs a value for w and x: --at w=3 --at x=3"),
        (["program.py:loss", "--at", "w=1,x=2,q=3"], "loss has no parameter q; it has w, x, times, power"),
        (["program.py:lost", "--at", "w=1"], "program.py has no function lost; there are loss, squares,"),
        (["program.py:b", "--at", "w=1"], "program.py has no function b"),
        (["program.py:", "--at", "w=1"], "which function of program.py?"),
        (["program.py"], "which function of program.py? Say: program.py:FUNCTION"),
        (["missing.py:f"], "cannot read missing.py: No such file or directory"),
        (["program.py:number", "--at", "x=1"], "needs a function that returns a tensor, not float"),
        (["program.py:squares", "--at", "x=[1,2]"], "only for scalar outputs"),
    ],
)
def test_requests_that_cannot_be_carried_out(explain, program, arguments, message):
    status, out, err = explain(*arguments)
    assert (status, out) == (2, "")
    assert err.startswith("adjoint: ")
    assert message in err


def test_failures_of_the_users_program_are_its_own(explain, program):
    status, out, err = explain("program.py:fails", "--at", "x=1")
    assert (status, out) == (1, "")
    assert err.startswith("Traceback")
    assert err.endswith("ZeroDivisionError: division by zero\n")
    assert err.count('File "') == 1  # and no frame of ours
    (program / "broken.py").write_text("def f(x:\n")
    status, _, err = explain("broken.py:f", "--at", "x=1")
    assert (status, "SyntaxError" in err) == (1, True)
    (program / "leaving.py").write_text("raise SystemExit(7)")
    assert explain("leaving.py:f", "--at", "x=1")[0] == 7
    assert explain("program.py:interrupted", "--at", "x=1")[0] == 130


def test_the_users_file_leaves_nothing_behind(explain, program):
    path, modules, main_module = sys.path[:], sys.modules.get("torch"), sys.modules["__main__"]
    assert explain("program.py:squares", "--at", "x=3")[0] == 0
    assert sys.path == path
    assert sys.modules.get("torch") is modules
    assert sys.modules["__main__"] is main_module
    assert "program" not in sys.modules


# --- files ---


@pytest.mark.parametrize("kind", ["html", "svg", "tex", "md", "dot"])
def test_files(explain, program, kind):
    status, out, err = explain("sin(x**2)", "--at", "x=3", f"--{kind}", f"out.{kind}")
    assert (status, err) == (0, "")
    assert out.startswith("y differentiated by x")
    assert len((program / f"out.{kind}").read_text()) > 50
    status, _, err = explain("sin(x**2)", "--at", "x=3", f"--{kind}", f"missing/out.{kind}")
    assert status == 2
    assert err.startswith(f"adjoint: cannot write missing/out.{kind}: ")


def test_colour_on_a_terminal_only(explain, monkeypatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[" in explain("sin(x)", "--at", "x=3")[1]
    monkeypatch.delenv("FORCE_COLOR")
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b[3" not in explain("sin(x)", "--at", "x=3")[1]


def test_help(explain):
    status, out, _ = explain("--help")
    assert status == 0
    for option in ("--at", "--check", "--html", "--svg", "--tex", "--md", "--dot", "--gradient"):
        assert option in out
    assert explain()[0] == 2
    assert explain("sin(x)", "--hmtl", "x")[0] == 2
