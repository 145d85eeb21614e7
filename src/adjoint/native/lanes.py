"""Numbers inside generated code, with Python's operators.

`Lanes` stands for one value of the loop that is being written: a scalar, or a vector of as many lanes as one step of
the loop handles. Arithmetic on it writes LLVM instructions, so that the functions of `native.math` read as formulas.
"""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np

from adjoint.lazy import lazy

__all__ = ["Code", "Lanes", "ir_type"]

ir = lazy("llvmlite.ir", extra="compile")


def ir_type(dtype: np.dtype, width: int = 1) -> Any:
    """The LLVM type of one lane (`width` 1) or of a vector of lanes. A bool is one bit here, and one byte in memory."""
    if dtype.kind == "f":
        scalar = {4: ir.FloatType, 8: ir.DoubleType}[dtype.itemsize]()
    elif dtype.kind == "b":
        scalar = ir.IntType(1)
    else:
        scalar = ir.IntType(8 * dtype.itemsize)
    return scalar if width == 1 else ir.VectorType(scalar, width)


class Code:
    """Where instructions go: a builder of LLVM IR, and how many lanes a value has."""

    def __init__(self, builder: Any, width: int, *, has_ldexp: bool = False) -> None:
        self.builder = builder
        self.width = width
        self.has_ldexp = has_ldexp  # whether one instruction multiplies by powers of two
        self._made: dict[Hashable, Any] = {}

    def once(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` returned when it was first called under this key, in straight-line code."""
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]

    def wrap(self, value: Any, dtype: np.dtype) -> "Lanes":
        return Lanes(self, value, dtype)

    def constant(self, number: Any, dtype: Any) -> "Lanes":
        """The same number in every lane."""
        dtype = np.dtype(dtype)
        number = dtype.type(number).item()
        return Lanes(self, self.once((dtype, repr(number)), lambda: self._constant(number, dtype)), dtype)

    def _constant(self, number: Any, dtype: np.dtype) -> Any:
        constant = ir.Constant(ir_type(dtype), number)
        if self.width == 1:
            return constant
        vector = ir_type(dtype, self.width)
        short = ir.FormattedConstant(constant.type, f"splat ({constant})")  # not one number per lane, which takes long
        short.type = vector
        return short

    def splat(self, scalar: Any, dtype: np.dtype) -> "Lanes":
        """A scalar computed by the program, in every lane."""
        if self.width == 1:
            return Lanes(self, scalar, dtype)
        vector = ir_type(dtype, self.width)
        first = self.builder.insert_element(ir.Constant(vector, ir.Undefined), scalar, ir.Constant(ir.IntType(32), 0))
        mask = ir.Constant(ir.VectorType(ir.IntType(32), self.width), [0] * self.width)
        return Lanes(self, self.builder.shuffle_vector(first, ir.Constant(vector, ir.Undefined), mask), dtype)

    def intrinsic(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call an intrinsic or a function of C by its full name, which is declared when first met."""
        function = self.builder.module.globals.get(name)
        if function is None:
            function_type = ir.FunctionType(result, [a.type for a in arguments])
            function = ir.Function(self.builder.module, function_type, name)
        return self.builder.call(function, arguments)


def suffix(type_: Any) -> str:
    """How LLVM spells a type in the names of its intrinsics: f32, v16f32, i64 ..."""
    if isinstance(type_, ir.VectorType):
        return f"v{type_.count}{suffix(type_.element)}"
    if isinstance(type_, ir.FloatType):
        return "f32"
    if isinstance(type_, ir.DoubleType):
        return "f64"
    return f"i{type_.width}"


class Lanes:
    """A value with one number in each lane, all of one NumPy dtype."""

    __slots__ = ("code", "dtype", "value")
    __hash__ = None  # type: ignore[assignment]  # == compares lane by lane

    def __init__(self, code: Code, value: Any, dtype: np.dtype) -> None:
        self.code = code
        self.value = value
        self.dtype = dtype

    # Helpers

    def like(self, number: Any) -> "Lanes":
        """`number` as lanes of this dtype. Lanes are returned as they are."""
        return number if isinstance(number, Lanes) else self.code.constant(number, self.dtype)

    def _binary(self, other: Any, float_op: str, int_op: str, unsigned_op: str | None = None) -> "Lanes":
        kind = self.dtype.kind
        name = float_op if kind == "f" else (unsigned_op or int_op) if kind == "u" else int_op
        return Lanes(self.code, getattr(self.code.builder, name)(self.value, self.like(other).value), self.dtype)

    def _compare(self, other: Any, sign: str) -> "Lanes":
        builder, right = self.code.builder, self.like(other).value
        if self.dtype.kind == "f":
            # A comparison with NaN is false, but for !=.
            compare = builder.fcmp_unordered if sign == "!=" else builder.fcmp_ordered
        else:
            compare = builder.icmp_signed if self.dtype.kind == "i" else builder.icmp_unsigned
        return Lanes(self.code, compare(sign, self.value, right), np.dtype(bool))

    def call(self, name: str, *others: Any) -> "Lanes":
        """Apply LLVM's intrinsic `name` for this type, as in `x.call("llvm.sqrt")`."""
        arguments = [self.value, *(self.like(o).value for o in others)]
        result = self.code.intrinsic(f"{name}.{suffix(self.value.type)}", self.value.type, *arguments)
        return Lanes(self.code, result, self.dtype)

    # Arithmetic

    def __add__(self, other: Any) -> "Lanes":
        return self._binary(other, "fadd", "add")

    def __sub__(self, other: Any) -> "Lanes":
        return self._binary(other, "fsub", "sub")

    def __mul__(self, other: Any) -> "Lanes":
        return self._binary(other, "fmul", "mul")

    def __truediv__(self, other: Any) -> "Lanes":
        return self._binary(other, "fdiv", "sdiv", "udiv")

    def __mod__(self, other: Any) -> "Lanes":
        return self._binary(other, "frem", "srem", "urem")  # the sign of the left operand, as in C

    def __radd__(self, other: Any) -> "Lanes":
        return self.like(other) + self

    def __rsub__(self, other: Any) -> "Lanes":
        return self.like(other) - self

    def __rmul__(self, other: Any) -> "Lanes":
        return self.like(other) * self

    def __rtruediv__(self, other: Any) -> "Lanes":
        return self.like(other) / self

    def __neg__(self) -> "Lanes":
        if self.dtype.kind == "f":
            return Lanes(self.code, self.code.builder.fneg(self.value), self.dtype)
        return 0 - self

    def __and__(self, other: Any) -> "Lanes":
        return Lanes(self.code, self.code.builder.and_(self.value, self.like(other).value), self.dtype)

    def __or__(self, other: Any) -> "Lanes":
        return Lanes(self.code, self.code.builder.or_(self.value, self.like(other).value), self.dtype)

    def __xor__(self, other: Any) -> "Lanes":
        return Lanes(self.code, self.code.builder.xor(self.value, self.like(other).value), self.dtype)

    def __invert__(self) -> "Lanes":
        return self ^ (True if self.dtype.kind == "b" else -1)

    def __lshift__(self, count: Any) -> "Lanes":
        return Lanes(self.code, self.code.builder.shl(self.value, self.like(count).value), self.dtype)

    def __rshift__(self, count: Any) -> "Lanes":
        shift = self.code.builder.ashr if self.dtype.kind == "i" else self.code.builder.lshr
        return Lanes(self.code, shift(self.value, self.like(count).value), self.dtype)

    def __lt__(self, other: Any) -> "Lanes":
        return self._compare(other, "<")

    def __le__(self, other: Any) -> "Lanes":
        return self._compare(other, "<=")

    def __gt__(self, other: Any) -> "Lanes":
        return self._compare(other, ">")

    def __ge__(self, other: Any) -> "Lanes":
        return self._compare(other, ">=")

    def __eq__(self, other: object) -> "Lanes":  # type: ignore[override]
        return self._compare(other, "==")

    def __ne__(self, other: object) -> "Lanes":  # type: ignore[override]
        return self._compare(other, "!=")

    def __abs__(self) -> "Lanes":
        if self.dtype.kind == "f":
            return self.call("llvm.fabs")
        return self if self.dtype.kind in "ub" else (self < 0).select(-self, self)

    # Choosing and converting

    def select(self, yes: "Lanes", no: Any) -> "Lanes":
        """Where this mask is true `yes`, elsewhere `no`."""
        return Lanes(self.code, self.code.builder.select(self.value, yes.value, yes.like(no).value), yes.dtype)

    def bits(self, dtype: Any) -> "Lanes":
        """The same bits read as another dtype of the same size."""
        dtype = np.dtype(dtype)
        return Lanes(self.code, self.code.builder.bitcast(self.value, ir_type(dtype, self.code.width)), dtype)

    def astype(self, dtype: Any) -> "Lanes":
        """Convert as NumPy does. A float outside the range of an integer type gives an unspecified integer."""
        dtype = np.dtype(dtype)
        if dtype == self.dtype:
            return self
        if dtype.kind == "b":
            return self != 0
        return Lanes(self.code, self._conversion(dtype)(self.value, ir_type(dtype, self.code.width)), dtype)

    def _conversion(self, dtype: np.dtype) -> Callable[..., Any]:
        builder = self.code.builder
        if self.dtype.kind == "f" and dtype.kind == "f":
            return builder.fpext if dtype.itemsize > self.dtype.itemsize else builder.fptrunc
        if self.dtype.kind == "f":
            return builder.fptoui if dtype.kind == "u" else builder.fptosi
        if dtype.kind == "f":
            return builder.sitofp if self.dtype.kind == "i" else builder.uitofp
        if dtype.itemsize < self.dtype.itemsize:
            return builder.trunc
        if dtype.itemsize == self.dtype.itemsize and self.dtype.kind != "b":
            return builder.bitcast
        return builder.sext if self.dtype.kind == "i" else builder.zext

    def fma(self, factor: Any, summand: Any) -> "Lanes":
        """`self * factor + summand`, rounded once."""
        return self.call("llvm.fma", factor, summand)

    def ldexp(self, exponent: "Lanes") -> "Lanes":
        """`self * 2**exponent`, for 32-bit integers."""
        name = f"llvm.ldexp.{suffix(self.value.type)}.{suffix(exponent.value.type)}"
        result = self.code.intrinsic(name, self.value.type, self.value, exponent.value)
        return Lanes(self.code, result, self.dtype)

    def copysign(self, sign: "Lanes") -> "Lanes":
        return self.call("llvm.copysign", sign)

    def any(self) -> Any:
        """One bit: whether this mask is true in some lane."""
        if self.code.width == 1:
            return self.value
        packed = ir.IntType(self.code.width)
        return self.code.builder.icmp_unsigned("!=", self.code.builder.bitcast(self.value, packed), packed(0))
