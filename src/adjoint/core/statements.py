"""The statements by which operations are defined: each makes a record, and the function that carries it out.

`elementwise` returns the public function, and puts it on the face: as `adjoint.NAME`, as a method and as an in-place
method. The other statements return a function of operands and static parameters for use in `ops`, where a public
function with PyTorch's signature stands before it. With `verb=...` the function also carries out that verb on tensors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from adjoint.arrays.tensor import tensor as tensor_namespace
from adjoint.core.apply import apply, binary, single, unary
from adjoint.core.exports import export
from adjoint.core.graph import Node
from adjoint.core.primitive import JointNode, PartialsNode, Primitive, Rule, TransposeNode


def elementwise(
    name: str,
    forward: Rule | None = None,
    *,
    partial: Rule | int | None = None,
    partials: Sequence[Rule | int | None] = (),
    gate: Rule | None = None,
    promotes: str = "common",
    node: str | None = None,
    verb: str | None = None,
    public: bool = True,
    inplace: bool = True,
    aliases: tuple[str, ...] = (),
    refuses: str = "",
    eight_bits: bool = False,
    doc: str = "",
) -> Callable:
    """An operation that acts element by element, with one partial per operand, or a gate for its only one.

    Without `forward` the operation is the verb of its name, or `verb`, itself. A partial is a rule, or the number 1 or
    -1 where it is constant. `promotes` says how operands of several types meet:
    "common" in their result type, "float" in that type made floating-point, as `sin` of integers is. `refuses` names the
    kinds of numbers that it is not defined on: "b" for truth values, "c" for complex ones; few are on `eight_bits`.

        sin = elementwise("sin", partial=lambda xp, x: xp.cos(x), promotes="float")
    """
    rules = (gate or partial,) if gate or partial else tuple(partials)
    primitive = Primitive(
        name, forward or verb or name, rules, node_type=PartialsNode, node=node, promotes=promotes, refuses=refuses,
        gates=gate is not None, jvp="partials", eight_bits=eight_bits, doc=doc,
    )  # fmt: skip
    function = _function_of(primitive)
    _provide(function, verb or name)
    if public:
        function.__doc__ = describe(primitive)
        export(function, inplace=inplace, aliases=aliases)
    return function


def constant(
    name: str,
    forward: Rule,
    *,
    promotes: str | None = "common",
    verb: str | None = None,
    public: bool = True,
    inplace: bool = False,
    aliases: tuple[str, ...] = (),
    refuses: str = "",
    eight_bits: bool = False,
    doc: str = "",
) -> Callable:
    """An operation whose result never requires a gradient: a comparison, `argmax`."""
    primitive = Primitive(
        name,
        forward,
        (),
        node_type=TransposeNode,
        promotes=promotes,
        refuses=refuses,
        differentiable_outputs=0,
        eight_bits=eight_bits,
        doc=doc,
    )
    function = _function_of(primitive)
    _provide(function, verb or name)
    if public:
        function.__doc__ = describe(primitive)
        export(function, inplace=inplace, aliases=aliases)
    return function


def linear(
    name: str,
    forward: Rule,
    *,
    transpose: Rule | Sequence[Rule | None],
    promotes: str | None = None,
    node: str | None = None,
    view: bool = False,
    outputs: Sequence[str] = ("out",),
    many_outputs: bool = False,
    verb: str | None = None,
    eight_bits: bool = False,
    doc: str = "",
) -> Callable:
    """An operation linear in its operands together, such as `sum`, `reshape`, `cat`.

    `transpose` is one rule, for the only operand or for all of a variadic operation; or a rule per operand, where an
    operand whose rule is None is held fixed, as the condition of `where` is. A `view` shares its operand's memory.
    """
    primitive = Primitive(
        name, forward, transpose, node_type=_node_type(forward, transpose), node=node, promotes=promotes, view=view, outputs=outputs,
        many_outputs=many_outputs, jvp="linear", eight_bits=eight_bits, doc=doc,
    )  # fmt: skip
    return _provide(_function_of(primitive), verb)


def multilinear(
    name: str,
    forward: Rule,
    *,
    transposes: Sequence[Rule | None],
    promotes: str | None = None,
    node: str | None = None,
    verb: str | None = None,
    doc: str = "",
) -> Callable:
    """An operation linear in each operand while the others are held, such as `matmul`; None for one that always is."""
    primitive = Primitive(
        name,
        forward,
        tuple(transposes),
        node_type=TransposeNode,
        node=node,
        promotes=promotes,
        jvp="multilinear",
        doc=doc,
    )
    return _provide(_function_of(primitive), verb)


def general(
    name: str,
    forward: Rule,
    *,
    vjp: Rule | Sequence[Rule | None],
    jvp: Rule | str | None = None,
    promotes: str | None = None,
    node: str | None = None,
    outputs: Sequence[str] = ("out",),
    differentiable_outputs: int | None = None,
    verb: str | None = None,
    refuses: str = "",
    doc: str = "",
) -> Callable:
    """An operation with both derivatives written out.

    `vjp` is a rule per operand, or one rule that returns a gradient for each. `jvp` takes, after `xp`, the tuple of
    the operands' tangents, None for an operand that has none.
    """
    primitive = Primitive(
        name, forward, vjp, node_type=_node_type(forward, vjp), node=node, promotes=promotes, refuses=refuses, outputs=outputs,
        differentiable_outputs=differentiable_outputs, jvp=jvp, doc=doc,
    )  # fmt: skip
    return _provide(_function_of(primitive), verb)


def _node_type(forward: Rule, rules: Any) -> type[Node]:
    code = forward.__code__
    one_operand = code.co_argcount == 2 and not code.co_flags & 0x04
    return JointNode if callable(rules) and not one_operand else TransposeNode


def _function_of(primitive: Primitive) -> Callable:
    """The function of a record's operands, and of its static parameters by keyword."""
    count = None if primitive.variadic else len(primitive.operands)
    alone = len(primitive.outputs) == 1  # the short paths without parameters are for one result
    if count == 1 and (alone or primitive.parameters):
        function = single(primitive) if primitive.parameters or primitive.view else unary(primitive)
    elif count == 2 and alone and not primitive.parameters and primitive.promotes:
        function = binary(primitive)
    else:

        def function(*operands: Any, **params: Any) -> Any:
            return apply(primitive, operands, params)

        function.__name__ = function.__qualname__ = primitive.name
    function.primitive = primitive  # type: ignore[attr-defined]
    return function


def describe(primitive: Primitive) -> str:
    """The docstring of a function that is made from its record alone."""
    arguments = ("input", "other")[: len(primitive.operands)]
    shapes = "the result has its shape" if len(arguments) == 1 else "their shapes broadcast to the result's"
    types = "Integers give floating-point numbers." if primitive.promotes == "float" else ""
    return (
        f"{primitive.doc}\n\n{primitive.name}({', '.join(arguments)}, *, out=None): the operands are tensors"
        f"{'' if len(arguments) == 1 else ' or numbers'} of any shape; {shapes}. {types}".rstrip()
    )


def _provide(function: Callable, verb: str | None) -> Callable:
    if verb is not None:
        tensor_namespace.provide(verb, function)
    return function
