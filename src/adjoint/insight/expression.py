"""Formulas as text, `2 * x * cos(x**2)`, read and evaluated without executing anything.

The text is parsed into Python's syntax tree, of which only arithmetic and calls of listed functions are accepted; the
tree is then walked. Nothing is compiled, and no attribute of any object is looked up but the listed methods of tensors.
"""

from __future__ import annotations

import ast
import cmath
import operator
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import Parameter, Signature
from math import e, isfinite, pi, prod
from typing import Any, TypeGuard

import numpy as np

from adjoint.core.dtypes import complex128, float64
from adjoint.core.tensor import Tensor
from adjoint.ops import later
from adjoint.ops.data import tensor
from adjoint.ops.joining import stack

_LONGEST = 1000  # characters
_DEEPEST = 60
_MOST_ELEMENTS = 2048  # of one value: two of these give at most four million by an outer product
_TOLD = 12  # variables, where one is unknown
_LARGEST = 2**53  # whole numbers beyond it are rounded anyway

CONSTANTS = {"pi": pi, "e": e}

#: what may be called, by module of PyTorch's face: functions that compute values from values alone. None of them makes a
#: value of a size that it is told, and none takes longer for a larger number.
_ALLOWED = {
    "": """
        abs absolute acos acosh add angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2
        atanh ceil celu clamp clip conj copysign cos cosh deg2rad digamma div divide erf erfc erfinv exp exp2 expm1 fix
        float_power floor fmax fmin fmod frac hypot i0 igamma igammac imag ldexp lerp lgamma log log10 log1p log2
        log_softmax logaddexp logaddexp2 logit maximum minimum mul multiply nan_to_num neg negative positive pow rad2deg
        real reciprocal relu remainder round rsqrt selu sgn sigmoid sign sin sinc sinh softmax sqrt square sub subtract
        tan tanh true_divide trunc where xlogy
        all amax amin any cumprod cumsum dist logcumsumexp logsumexp max mean median min nanmean nansum norm prod std sum
        trace var
        addmm bmm cholesky cross det diag diagonal dot flatten flip inner inverse logdet matmul matrix_exp mm moveaxis mv
        outer permute reshape squeeze swapaxes t transpose tril triu unsqueeze vdot
    """,
    "linalg": """
        cholesky cross det diagonal eigvalsh inv matmul matrix_exp matrix_norm norm pinv solve svdvals vecdot vector_norm
    """,
    "special": """
        airy_ai bessel_j0 bessel_j1 bessel_y0 bessel_y1 digamma entr erf erfc erfcx erfinv exp2 expit expm1 gammainc
        gammaincc gammaln i0 i0e i1 i1e log1p log_ndtr log_softmax logit logsumexp modified_bessel_i0 modified_bessel_i1
        modified_bessel_k0 modified_bessel_k1 ndtr ndtri psi round sinc softmax spherical_bessel_j0 xlog1py xlogy zeta
    """,
    "nn.functional": """
        binary_cross_entropy binary_cross_entropy_with_logits celu cosine_similarity elu gelu hardtanh huber_loss l1_loss
        leaky_relu linear log_softmax logsigmoid mish mse_loss normalize relu relu6 selu sigmoid silu smooth_l1_loss
        softmax softmin softplus softsign tanh tanhshrink
    """,
}
FUNCTIONS = frozenset(
    f"{module}.{name}" if module else name for module, names in _ALLOWED.items() for name in names.split()
)
_METHODS = frozenset(_ALLOWED[""].split())
_OPTIONS = {"dim", "axis", "keepdim", "keepdims", "correction", "unbiased", "p", "ord", "min", "max", "rounding_mode"}
_OF_TENSORS = {  # PyTorch takes no plain numbers here
    "arctan2", "atan2", "copysign", "dot", "fmax", "fmin", "hypot", "igamma", "igammac", "logaddexp", "logaddexp2", "max",
    "maximum", "min", "minimum",
}  # fmt: skip
_TRANSPOSES = {"T", "mT", "H", "mH"}

_OPERATORS: dict[type, Callable[[Any, Any], Any]] = {
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.Pow: operator.pow, ast.MatMult: operator.matmul,
    ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt, ast.GtE: operator.ge,
    ast.Eq: operator.eq, ast.NotEq: operator.ne,
}  # fmt: skip

#: what people write for something else
_INSTEAD = {
    ast.BitXor: "^ is no power in Python: write **",
    ast.BoolOp: "write where(condition, a, b) for a choice",
    ast.IfExp: "write where(condition, a, b) for a choice",
}


class ExpressionError(ValueError):
    """A text that is no formula, or one that cannot be evaluated. It shows the place."""

    def __init__(self, message: str, text: str, column: int) -> None:
        self.message = message
        self.column = column
        shown = "".join(each if each.isprintable() else " " for each in text)
        start = max(column - 60, 0)
        super().__init__(f"{message}\n  {shown[start : start + 100]}\n  {' ' * (column - start)}^")


@dataclass(frozen=True)
class Expression:
    """A formula that was accepted. `names` are its variables, in the order in which they appear."""

    text: str
    tree: ast.expr
    names: tuple[str, ...]

    def evaluate(
        self, variables: Mapping[str, Any], *, most_elements: int | None = _MOST_ELEMENTS, precise: bool = False
    ) -> Any:
        """The value: a tensor, or a number. No value on the way may have more elements than `most_elements`.

        Numbers that become tensors have the default type, or double precision where `precise`.
        """
        return _Evaluation(self, variables, most_elements, precise).of(self.tree)

    def as_function(self, names: Sequence[str]) -> Callable[..., Any]:
        """A function of the variables `names`, in this order."""

        def function(*values: Any, **named: Any) -> Any:
            return self.evaluate(dict(zip(names, values, strict=False)) | named)

        parameters = [Parameter(name, Parameter.POSITIONAL_OR_KEYWORD) for name in names]
        function.__signature__ = Signature(parameters)  # type: ignore[attr-defined]
        function.__name__ = "<expression>"
        return function


def parse(text: str) -> Expression:
    """Read a formula of numbers, variables, arithmetic, and the functions in `FUNCTIONS`.

    Raises an ExpressionError, which is a ValueError, where the text is anything else.

    >>> import adjoint as torch
    >>> formula = parse("2 * x * cos(x**2)")
    >>> formula.names, formula.evaluate({"x": torch.tensor(3.)})
    (('x',), tensor(-5.4668))
    >>> parse("open(x)")
    Traceback (most recent call last):
        ...
    adjoint.insight.expression.ExpressionError: open is not among the functions that a formula may call
      open(x)
      ^
    """
    if len(text) > _LONGEST:
        raise ExpressionError(f"a formula has at most {_LONGEST} characters, and this one has {len(text)}", text, 0)
    strange = next((place for place, each in enumerate(text) if not each.isprintable()), None)
    if strange is not None:
        raise ExpressionError("a formula stands on one line of printable characters", text, strange)
    if not text.strip():
        raise ExpressionError("a formula is missing here", text, 0)
    if text[0] == " ":
        text = text.strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python's on what is odd in a text, which is refused anyway
            tree = ast.parse(text, "<formula>", "eval").body
    except SyntaxError as error:
        column = min(max((error.offset or 1) - 1, 0), len(text))
        raise ExpressionError(f"this is no formula: {error.msg}", text, column) from None
    except (MemoryError, RecursionError, ValueError):
        raise ExpressionError("this formula is nested too deeply", text, 0) from None
    reading = _Reading(text)
    reading.expression(tree, 0)
    return Expression(text, tree, tuple(reading.names))


def _names_module(path: str | None) -> bool:
    module, _, _ = (path or "").rpartition(".")
    return bool(module) and module in _ALLOWED


def path_of(node: ast.expr) -> str | None:
    """A dotted name as it is written, `linalg.det`, without the `torch.` in front; None for anything else."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    parts.append(node.id)
    if len(parts) > 1 and parts[-1] in ("torch", "adjoint"):
        parts.pop()
    if len(parts) > 1 and parts[-1] == "F":  # as everybody abbreviates it
        parts[-1] = "nn.functional"
    return ".".join(reversed(parts))


# --- what is accepted ----------------------------------------------------------------------------------------------


class _Reading:
    """Goes through a syntax tree, and refuses what has no place in a formula."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.names: dict[str, None] = {}

    def refusal(self, message: str, node: ast.AST) -> ExpressionError:
        return ExpressionError(message, self.text, column_of(self.text, node))

    def expression(self, node: ast.expr, depth: int) -> None:
        if depth > _DEEPEST:
            raise self.refusal("this formula is nested too deeply", node)
        for child in self._parts(node):
            self.expression(child, depth + 1)

    def _parts(self, node: ast.expr) -> Iterator[ast.expr]:
        """The formulas within a formula, with everything around them checked."""
        match node:
            case ast.Constant():
                self._check_number(node)
            case ast.Name():
                if node.id not in CONSTANTS:
                    self.names.setdefault(node.id)
            case ast.BinOp(left, op, right) if type(op) in _OPERATORS:
                yield from (left, right)
            case ast.BinOp(left, ast.BitXor(), _):
                raise self.refusal(_INSTEAD[ast.BitXor], left)
            case ast.UnaryOp(ast.USub() | ast.UAdd(), operand):
                yield operand
            case ast.Compare(left, [op], [right]) if type(op) in _OPERATORS:
                yield from (left, right)
            case ast.List(elements) if elements:
                yield from elements
            case ast.Subscript(value, index):
                self._check_index(index)
                yield value
            case ast.Attribute(value, name) if name in _TRANSPOSES:
                yield value
            case ast.Call():
                yield from self._call(node)
            case ast.Attribute():
                raise self.refusal(f".{node.attr} has no place in a formula", node)
            case _:
                known = _INSTEAD.get(
                    type(node), "a formula has numbers, variables, + - * / ** @ and calls of functions"
                )
                raise self.refusal(f"this has no place in a formula: {known}", node)

    def _check_number(self, node: ast.Constant) -> None:
        number = node.value
        if not _is_number(number):
            raise self.refusal("a formula has no texts and no other constants than numbers", node)
        if (isinstance(number, int) and number > _LARGEST) or not cmath.isfinite(number):
            raise self.refusal("this number is too large", node)

    def _check_index(self, node: ast.expr) -> None:
        """An index is of whole numbers, written out."""
        for part in node.elts if isinstance(node, ast.Tuple) else [node]:
            pieces = (part.lower, part.upper, part.step) if isinstance(part, ast.Slice) else (part,)
            if not all(piece is None or isinstance(whole_number(piece), int) for piece in pieces):
                raise self.refusal("an index has whole numbers only", part)

    def _call(self, node: ast.Call) -> Iterator[ast.expr]:
        path = path_of(node.func)
        if path in FUNCTIONS:
            arguments = node.args
        elif isinstance(node.func, ast.Attribute) and node.func.attr in _METHODS and not _names_module(path):
            arguments = [node.func.value, *node.args]
        else:
            named = path or getattr(node.func, "attr", "this")
            raise self.refusal(f"{named} is not among the functions that a formula may call", node)
        if not arguments:
            raise self.refusal("a function needs something in its parentheses", node)
        for keyword in node.keywords:
            if keyword.arg not in _OPTIONS:
                raise self.refusal(f"{keyword.arg or '**'} is not among the options that a formula may give", node)
            if not _is_setting(keyword.value):
                raise self.refusal(f"{keyword.arg} needs a number, written out", keyword.value)
        yield from (argument for argument in arguments if not _is_setting(argument, of_words=False))


def column_of(text: str, node: ast.AST) -> int:
    """Where a part of a formula begins, in characters."""
    return len(text.encode()[: getattr(node, "col_offset", 0)].decode(errors="ignore"))


def whole_number(node: ast.expr) -> int | None:
    """The whole number that is written here, with its sign."""
    match node:
        case ast.UnaryOp(ast.USub(), ast.Constant(int() as number)) if abs(number) <= _LARGEST:
            return -number
        case ast.Constant(int() as number) if not isinstance(number, bool) and number <= _LARGEST:
            return number
    return None


def _is_setting(node: ast.expr, of_words: bool = True) -> bool:
    """Whether a part says how to compute, not of what: `dim=0`, `keepdim=True`, the sizes in `reshape(x, (2, 3))`."""
    match node:
        case ast.Tuple(elements):
            return all(whole_number(each) is not None for each in elements)
        case ast.Constant(str() as word):
            return of_words and word in ("floor", "trunc", "fro", "nuc")
        case ast.Constant(bool() | None):
            return True
        case ast.Constant(float() as number):
            return of_words and isfinite(number)
        case _:
            return of_words and whole_number(node) is not None


# --- values --------------------------------------------------------------------------------------------------------


class _Evaluation:
    """Computes the value of an accepted formula."""

    def __init__(
        self, expression: Expression, variables: Mapping[str, Any], most_elements: int | None, precise: bool
    ) -> None:
        self.text = expression.text
        self.variables = variables
        self.most_elements = most_elements
        self.precise = precise

    def of(self, node: ast.expr) -> Any:
        """The value of a part."""
        try:
            value = self._value(node)
        except ExpressionError:
            raise
        except OverflowError:
            raise self._failure("this number is too large", node) from None
        except Exception as error:  # whatever the functions say to values that they are not made for
            raise self._failure(str(error).partition("\n")[0] or "this cannot be computed", node) from error
        if isinstance(value, Tensor):
            if self.most_elements is not None and value.numel() > self.most_elements:
                raise self._failure(
                    f"this has {value.numel()} elements, and {self.most_elements} are the most here", node
                )
        elif not isinstance(value, int | float | complex):
            raise self._failure("this gives several results, and a formula has one", node)
        return value

    def _failure(self, message: str, node: ast.expr) -> ExpressionError:
        return ExpressionError(message, self.text, column_of(self.text, node))

    def _value(self, node: ast.expr) -> Any:
        match node:
            case ast.Constant():
                return node.value
            case ast.Name():
                return self._variable(node)
            case ast.BinOp(left, op, right) | ast.Compare(left, [op], [right]):
                return _joined(_OPERATORS[type(op)], self.of(left), self.of(right))
            case ast.UnaryOp(op, operand):
                value = self.of(operand)
                return -value if isinstance(op, ast.USub) else value
            case ast.List(elements):
                return self._together([self.of(each) for each in elements])
            case ast.Subscript(value, index):
                return self._as_tensor(self.of(value))[_index(index)]
            case ast.Attribute(value, name):
                return getattr(self._as_tensor(self.of(value)), name)  # a transpose
            case ast.Call():
                return self._call(node)
        raise TypeError(f"not accepted: {node!r}")

    def _variable(self, node: ast.Name) -> Any:
        if node.id in self.variables:
            return self.variables[node.id]
        if node.id in CONSTANTS:
            return CONSTANTS[node.id]
        known = ", ".join(list(self.variables)[:_TOLD]) or "none"
        raise self._failure(f"there is no variable {node.id}; known are: {known}", node)

    def _call(self, node: ast.Call) -> Any:
        path = path_of(node.func)
        options = {each.arg: ast.literal_eval(each.value) for each in node.keywords if each.arg is not None}
        arguments = [self._argument(argument) for argument in node.args]
        if path in FUNCTIONS:
            if path in _OF_TENSORS:
                arguments = [self._as_tensor(each) if _is_number(each) else each for each in arguments]
            function = later.function(path)
            assert function is not None
        else:
            assert isinstance(node.func, ast.Attribute)
            arguments = [self.of(node.func.value), *arguments]
            function = getattr(Tensor, node.func.attr)
        arguments[0] = self._as_tensor(arguments[0])
        self._check_room(arguments, node)
        return function(*arguments, **options)

    def _check_room(self, arguments: Sequence[Any], node: ast.Call) -> None:
        """Three values that are broadcast with each other could fill the memory."""
        shapes = [each.shape for each in arguments if isinstance(each, Tensor)]
        if self.most_elements is None or len(shapes) < 3:
            return
        try:
            count = prod(np.broadcast_shapes(*shapes))
        except ValueError:
            return  # they are joined in another way, or not at all
        if count > self.most_elements:
            raise self._failure(f"this has {count} elements, and {self.most_elements} are the most here", node)

    def _as_tensor(self, value: Any) -> Tensor:
        """A number as a tensor."""
        if isinstance(value, Tensor):
            return value
        if isinstance(value, complex):
            return tensor(value, dtype=complex128 if self.precise else None)
        return tensor(float(value), dtype=float64 if self.precise else None)

    def _together(self, values: Sequence[Any]) -> Tensor:
        """The values of a list as one tensor, with a new dimension in front."""
        return stack([self._as_tensor(value) for value in values])

    def _argument(self, node: ast.expr) -> Any:
        if isinstance(node, ast.Tuple) or _is_setting(node, of_words=False):
            return ast.literal_eval(node)
        return self.of(node)


def _is_number(value: Any) -> TypeGuard[int | float | complex]:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _joined(sign: Callable[[Any, Any], Any], a: Any, b: Any) -> Any:
    """An operation of two values. Whole numbers stay so while they are exact."""
    if isinstance(a, Tensor) or isinstance(b, Tensor):
        return sign(a, b)
    if sign is operator.pow and isinstance(a, int) and isinstance(b, int):
        result: Any = float(a) ** float(b)  # whole numbers could grow without end
        return int(result) if result.is_integer() and abs(result) <= _LARGEST else result
    result = sign(a, b)
    return float(result) if isinstance(result, int) and abs(result) > _LARGEST else result


def _index(node: ast.expr) -> Any:
    if isinstance(node, ast.Tuple):
        return tuple(map(_index, node.elts))
    if isinstance(node, ast.Slice):
        return slice(*(None if each is None else whole_number(each) for each in (node.lower, node.upper, node.step)))
    return whole_number(node)
