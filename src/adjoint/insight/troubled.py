"""Why `x.grad` has a NaN or an infinity, why it is zero; or that nothing is wrong with it."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from adjoint.core.events import BACKWARD, all_latest, latest
from adjoint.core.graph import LEAF, Node, expose, node_of, public_name
from adjoint.core.recorded import Recorded
from adjoint.core.tensor import Tensor, edge_of
from adjoint.insight.answer import Answer
from adjoint.insight.asking import Question
from adjoint.insight.constants import constant_of
from adjoint.insight.evidence import narrowed
from adjoint.insight.naming import key_of_tensor
from adjoint.insight.numbers import Numbers, Step, written_operands
from adjoint.insight.origins import Origins, line_of_occurrence, own_names
from adjoint.insight.program import Scope
from adjoint.insight.slices import Slice
from adjoint.insight.source import SourceLine
from adjoint.insight.value import summarise
from adjoint.optim.optimizer import Optimizer

_VANISHING = 1e-10  # a gradient of which no element is larger has as good as vanished
_SHRINKS = 1e-4  # an operation that makes a cotangent smaller by this factor has a part in it

#: operations that make a NaN or an infinity of finite numbers, and when
_NOT_FINITE = {
    "log": "log(0) is -inf, and its derivative 1/x is infinite at 0",
    "log2": "log2(0) is -inf, and its derivative is infinite at 0",
    "log10": "log10(0) is -inf, and its derivative is infinite at 0",
    "log1p": "log1p(-1) is -inf, and its derivative is infinite there",
    "sqrt": "the derivative of sqrt, 1/(2 sqrt(x)), is infinite at 0",
    "rsqrt": "rsqrt(0) is infinite, and so is its derivative",
    "reciprocal": "1/0 is infinite, and so is its derivative",
    "div": "a division by 0 gives an infinity, and 0/0 a NaN; so do their derivatives",
    "pow": "the derivative of a power below 1 is infinite at 0, and large powers overflow",
    "exp": "exp(x) overflows to inf where x is large",
    "expm1": "expm1(x) overflows to inf where x is large",
    "cosh": "cosh(x) overflows to inf where x is large",
    "sinh": "sinh(x) overflows to inf where x is large",
    "acos": "the derivative of acos is infinite at 1 and -1",
    "asin": "the derivative of asin is infinite at 1 and -1",
    "atanh": "atanh(1) is infinite, and so is its derivative",
    "norm": "the derivative of a norm at 0 is 0/0",
    "linalg_vector_norm": "the derivative of a norm at 0 is 0/0",
    "std": "the derivative of a standard deviation at 0 is 0/0",
    "logit": "logit(0) and logit(1) are infinite, and so is its derivative",
    "tan": "tan(x) is infinite at pi/2",
    "lgamma": "lgamma is infinite at 0",
    "prod": "a product overflows where its factors are large",
    "cumprod": "a product overflows where its factors are large",
}
#: operations that may stop a gradient, the kind of answer that it is, and when
_STOPS = {
    "relu": ("dead_relu", "relu passes no gradient where its input is not positive"),
    "relu6": ("dead_relu", "relu6 passes no gradient outside of 0 .. 6"),
    "threshold": ("dead_relu", "relu passes no gradient where its input is not positive"),
    "hardtanh": ("clamped", "hardtanh passes no gradient outside of its limits"),
    "hardsigmoid": ("saturated", "hardsigmoid passes no gradient outside of -3 .. 3"),
    "sigmoid": ("saturated", "sigmoid is flat, s * (1 - s) is 0, where its input is far from 0"),
    "log_sigmoid": ("saturated", "the logarithm of sigmoid is flat where its input is large"),
    "tanh": ("saturated", "tanh is flat, 1 - t**2 is 0, where its input is far from 0"),
    "softmax": ("saturated", "softmax is flat where one of its inputs is much larger than the others"),
    "log_softmax": ("saturated", "the loss is flat where the right class has all of the probability"),
    "erf": ("saturated", "erf is flat where its input is far from 0"),
    "clamp": ("clamped", "clamp passes no gradient outside of its limits"),
    "clamp_min": ("clamped", "clamp passes no gradient below its limit"),
    "clamp_max": ("clamped", "clamp passes no gradient above its limit"),
    "round": ("rounded", "round is constant between its steps: its derivative is 0"),
    "floor": ("rounded", "floor is constant between its steps: its derivative is 0"),
    "ceil": ("rounded", "ceil is constant between its steps: its derivative is 0"),
    "trunc": ("rounded", "trunc is constant between its steps: its derivative is 0"),
    "sign": ("rounded", "sign is constant: its derivative is 0"),
    "sgn": ("rounded", "sgn is constant: its derivative is 0"),
    "heaviside": ("rounded", "a step function is constant: its derivative is 0"),
    "max": ("not_chosen", "the gradient of max goes to the largest element only"),
    "amax": ("not_chosen", "the gradient of amax goes to the largest elements only"),
    "maximum": ("not_chosen", "the gradient of maximum goes to the larger operand only"),
    "min": ("not_chosen", "the gradient of min goes to the smallest element only"),
    "amin": ("not_chosen", "the gradient of amin goes to the smallest elements only"),
    "minimum": ("not_chosen", "the gradient of minimum goes to the smaller operand only"),
    "where": ("not_chosen", "where passes no gradient to what it did not choose"),
    "masked_fill": ("not_chosen", "masked_fill passes no gradient to what it filled"),
    "mul": ("times_zero", "the other factor is 0"),
    "mm": ("times_zero", "the other factor is 0"),
    "addmm": ("times_zero", "the other factor is 0"),
}
_PRODUCTS = {"mul", "mm", "addmm", "mv", "dot", "bmm", "linear", "addmv", "baddbmm", "convolution"}


def explained(question: Question, loss: Tensor | None, gradient: np.ndarray) -> Answer:
    """The answer for a tensor that has a gradient."""
    if gradient.size and not np.isfinite(gradient).all():
        return not_finite(question, cases_of(question, loss), gradient)
    if gradient.size and np.abs(gradient).max() <= _VANISHING:
        return vanished(question, next(cases_of(question, loss)), gradient)
    return healthy(question, gradient)


class Case:
    """One backward pass to look into: its graph and numbers where they are still there, and its source."""

    def __init__(self, question: Question, root: Any, found: tuple[ast.AST, Scope] | None) -> None:
        self.graph = Recorded(root) if root is not None else None
        self.part = Slice(*found, question.x) if found is not None else None
        self.origins = Origins(self.graph, self.part) if self.graph is not None else None
        self.numbers: Numbers | None = None
        if self.graph is not None and self.origins is not None:
            live = {key_of_tensor(tensor): tensor for _, tensor, _ in question.live()}
            self.numbers = Numbers(self.graph, self.origins, live)

    def lines(self, node: Node) -> list[SourceLine]:
        return self.origins.lines(node) if self.origins is not None else []

    def steps(self, x: Tensor) -> list[tuple[Step, list[Any]]]:
        """The steps of the backward pass on the ways to a tensor, each with the gradients that it sends that way."""
        assert self.graph is not None
        assert self.numbers is not None
        on_the_way = {id(node) for node in self.graph.between(x)}
        found = []
        for step in self.numbers.backward():
            sent = [
                gradient
                for edge, gradient in zip(step.node.edges, step.gradients, strict=False)
                if edge is not None and gradient is not None and (edge is x or id(node_of(edge)[0]) in on_the_way)
            ]
            if id(step.node) in on_the_way and sent:
                found.append((step, sent))
        return found

    def is_cleared(self, x: Tensor, is_bad: Callable[[Any], bool]) -> bool:
        """Whether all of the pass could be computed again, and what it sends to the tensor is as it should be."""
        if self.graph is None:
            return False
        steps = self.steps(x)
        complete = len(steps) == len(self.graph.between(x))
        return complete and not any(is_bad(each) for _, sent in steps for each in sent)


def cases_of(question: Question, loss: Tensor | None) -> Iterator[Case]:
    """The backward passes that gave a tensor its gradient, as far as they can be found, the latest first; at least one."""
    x = question.x
    assert x is not None
    if loss is not None:
        event = latest(BACKWARD, node_of(edge_of(loss))[0]) if loss._node is not None else None
        found = question.root_of(event) if event is not None else question.argument(1)
        yield Case(question, loss if loss._node is not None else None, found)
        return
    events = all_latest(BACKWARD)
    alive = [each for each in events if each.subject() is not None and Recorded(each.subject()).reaches(x)]
    for event in alive:
        yield Case(question, event.subject(), question.root_of(event))
    if not alive:
        event = next((each for each in events if question.concerns(each)), None)
        yield Case(question, None, question.root_of(event) if event is not None else None)


# --- NaN and infinity --------------------------------------------------------------------------------------------


def not_finite(question: Question, cases: Iterator[Case], gradient: np.ndarray) -> Answer:
    """The answer for a gradient with a NaN or an infinity: the first operation that made one."""
    kind = "nan" if np.isnan(gradient).any() else "inf"
    word = "NaN" if kind == "nan" else "infinite"
    bad = int((~np.isfinite(gradient)).sum())
    share = f" in {bad} of {gradient.size} elements" if gradient.size > 1 else ""
    summary = f"{question.name}.grad is {word}{share}"
    assert question.x is not None
    for case in cases:
        node = _first_not_finite(case, question.x)
        if node is not None:
            return _made_by(kind, summary, node, case)
        if not case.is_cleared(question.x, lambda each: not _finite(each)):
            lines, details = _suspects(case, question.x, _NOT_FINITE.get, lambda each: not _finite(each))
            which = "operation" if len(lines) == 1 else "operations"
            said = f": the {which} on the way that can make it" if lines else ""
            return _answer(kind, f"{summary}{said}", lines, None, details)
    return _answer(kind, summary, (), None, ["no backward pass that is remembered made it: it was there before"])


def _made_by(kind: str, summary: str, node: Node, case: Case) -> Answer:
    """The answer that names the operation which made the first NaN or infinity, or was given one."""
    name, seen = public_name(node), expose(node).name()
    given = [each for each in case.numbers.operands(node) if each is not None] if case.numbers is not None else []
    inputs = list(_inputs(case, node))
    if all(map(_finite, given)):
        details = [_NOT_FINITE.get(name, f"the values do not stay finite in {name}"), *inputs]
        return _answer(kind, f"{summary}: it comes from {name} ({seen})", case.lines(node), node, details)
    said = f"{summary}: {name} ({seen}) was given numbers that are not finite"
    return _answer(kind, said, case.lines(node), node, inputs, remedy="look at where these numbers come from")


def _answer(
    kind: str, summary: str, lines: Sequence[SourceLine], node: Node | None, details: Sequence[str],
    others: Sequence[SourceLine] = (), remedy: str = "",
) -> Answer:  # fmt: skip
    line = lines[0] if len(lines) == 1 else None
    return Answer(
        kind, summary, line, () if line is not None else tuple(lines), expose(node) if node is not None else None,
        list(details), remedy or _REMEDIES.get(kind, ""), others,
    )  # fmt: skip


_REMEDIES = {
    "nan": "keep its input away from there: clamp it, or add a small number before, not after",
    "inf": "keep its input away from there: clamp it, or add a small number before, not after",
    "dead_relu": "a smaller learning rate, another initialisation, or leaky_relu keep units alive",
    "saturated": "scale its input, start with smaller weights, or compute the loss from the logits",
    "clamped": "leave the values inside of the limits, or use a smooth function",
    "rounded": "use a smooth function in the loss, or pass the gradient straight through",
}


def _first_not_finite(case: Case, x: Any) -> Node | None:
    """The operation that made the first NaN or infinity of a backward pass, or of the values that led to it."""
    if case.graph is None or case.numbers is None:
        return None
    for step, sent in case.steps(x):
        arrived = step.cotangent if isinstance(step.cotangent, tuple) else (step.cotangent,)
        if all(map(_finite, arrived)) and not all(map(_finite, sent)):
            return _made_not_finite(case.numbers, step.node)
    return None


def _made_not_finite(numbers: Numbers, node: Node) -> Node | None:
    """The first operation that made a value not finite which the given one computed with, or that was given one.

    It is the node itself if all that it computed with is finite; None where too little is known to say.
    """
    for each in Recorded(node).nodes:
        operands = numbers.operands(each)
        given = [
            value for edge, value in zip(each.edges, operands, strict=True) if _is_given(edge) and value is not None
        ]
        if not all(map(_finite, given)):
            return each
        out = numbers.output(each)
        if out is not None and not _finite(out):
            return each if all(value is not None for value in operands) else None
    return node


def _is_given(edge: Any) -> bool:
    """Whether an operand is no result of a recorded operation."""
    return edge is None or edge.edge_kind == LEAF


def _finite(value: Any) -> bool:
    array = np.asarray(value)
    return array.dtype.kind in "biu" or bool(np.isfinite(array).all())


def _inputs(case: Case, node: Node) -> Iterator[str]:
    """What an operation was applied to, as far as it is known, as the source has it."""
    if case.numbers is None or case.origins is None:
        return
    operands = case.numbers.operands(node)
    found = case.origins.occurrences(node)
    written = written_operands(found[0].node, found[0].scope) if len(found) == 1 else []
    names = [ast.unparse(each) for each in written] if len(written) == len(operands) else ["its input"] * len(operands)
    for name, value in zip(names, operands, strict=True):
        if value is not None and hasattr(value, "dtype"):
            array = np.asarray(value)
            zeros = int((array == 0).sum())
            noted = f", {zeros} of {array.size} are 0" if zeros and array.ndim else ""
            yield f"{name}: {summarise(array).text}{noted}"


def _suspects(
    case: Case, x: Any, reason_of: Callable[[str], Any], is_bad: Callable[[Any], bool]
) -> tuple[list[SourceLine], list[str]]:
    """The lines of operations that may be the cause, where the numbers of the pass cannot be found again.

    The gradients of other leaves tell some of them apart; `is_bad` says of one whether it has the same fault.
    """
    reasons: dict[str, str] = {}
    lines: list[SourceLine] = []
    if case.graph is not None:
        found = [
            node
            for node in case.graph.between(x)
            if reason_of(public_name(node)) is not None and not _is_harmless(public_name(node), _second(case, node))
        ]
        for node in narrowed(case.graph, found, is_bad):
            reason = reason_of(public_name(node))
            reasons[public_name(node)] = reason if isinstance(reason, str) else reason[1]
            lines += case.lines(node)
    elif case.part is not None:
        for each in case.part.occurrences:
            named = next((name for name in own_names(each) if reason_of(name) is not None), None)
            second = [constant_of(part, each.scope) for part in written_operands(each.node, each.scope)[1:]]
            if named is not None and not _is_harmless(named, second[0] if second else None):
                reason = reason_of(named)
                reasons[named] = reason if isinstance(reason, str) else reason[1]
                lines.append(line_of_occurrence(each))
    lines, details = list(dict.fromkeys(lines)), list(reasons.values())
    if not lines and case.graph is not None:
        own = dict.fromkeys(expose(node).name() for node in case.graph.between(x) if node.plan is None)
        details = [f"{name} has a backward pass of its own: look into that" for name in own]
    elif not lines:
        details = [
            "its graph is gone, and the source does not tell: ask why(f, ...) of the function that computes the loss"
        ]
    return lines, details


def _second(case: Case, node: Node) -> Any:
    operands = case.numbers.operands(node) if case.numbers is not None else []
    return operands[1] if len(operands) > 1 else None


def _is_harmless(name: str, second: Any) -> bool:
    """Whether a second operand that is known keeps an operation from making a NaN or an infinity of what is finite."""
    if not isinstance(second, int | float):
        return False
    return (name == "pow" and second >= 1) or (name == "div" and bool(second))


# --- zero --------------------------------------------------------------------------------------------------------


def vanished(question: Question, case: Case, gradient: np.ndarray) -> Answer:
    """The answer for a gradient that is zero, or as good as: the operations that stopped it."""
    largest = float(np.abs(gradient).max())
    summary = (
        f"{question.name}.grad is zero" if not largest else f"{question.name}.grad is as good as zero ({largest:.3g})"
    )
    found = list(_stops(case, question.x)) if case.graph is not None else []
    if found:
        node = found[0]
        name = public_name(node)
        kind, reason = _STOPS.get(name, ("zero", f"the derivative of {name} is 0 at its input"))
        lines = case.lines(node)
        others = [line for each in found[1:] for line in case.lines(each) if line not in lines]
        text = f"{summary}: it was stopped by {name} ({expose(node).name()})"
        return _answer(kind, text, lines, node, [reason, *_inputs(case, node)], list(dict.fromkeys(others)))
    lines, details = _suspects(
        case, question.x, lambda name: None if name in _PRODUCTS else _STOPS.get(name), lambda each: not np.any(each)
    )
    kinds = {kind for kind, reason in _STOPS.values() if reason in details}
    kind = kinds.pop() if len(kinds) == 1 and lines else "zero"
    said = ": what may have stopped it on the way" if lines else ""
    return _answer(kind, f"{summary}{said}", lines, None, details)


def _stops(case: Case, x: Any) -> Iterator[Node]:
    """The operations at which a cotangent that was not zero became zero, or far smaller, on its way to a tensor."""
    steps = case.steps(x)
    for step, sent in steps:
        arrived, left = _largest([step.cotangent]), _largest(sent)
        if arrived > _VANISHING and left <= max(_VANISHING, 0.0) and left <= arrived * _SHRINKS:
            yield _made_zero(case, step.node, x) or step.node


def _made_zero(case: Case, node: Node, x: Any) -> Node | None:
    """For a product that stops a gradient because its other factor is zero: the operation that made that zero."""
    numbers = case.numbers
    assert numbers is not None
    if public_name(node) not in _PRODUCTS:
        return None
    for edge, value in zip(node.edges, numbers.operands(node), strict=True):
        if edge is None or edge is x or value is None or np.any(value):
            continue
        maker = node_of(edge)[0]
        while maker is not None:
            known = [each for each in numbers.operands(maker) if each is not None and hasattr(each, "dtype")]
            if any(np.any(each) for each in known):
                return maker
            following = [node_of(each)[0] for each in maker.edges if each is not None]
            maker = next((each for each in following if each is not None), None)
    return None


def _largest(values: Sequence[Any]) -> float:
    flat = [part for each in values for part in (each if isinstance(each, tuple) else (each,)) if part is not None]
    return max((float(np.abs(np.asarray(each)).max()) for each in flat if np.asarray(each).size), default=0.0)


# --- healthy -----------------------------------------------------------------------------------------------------


def healthy(question: Question, gradient: np.ndarray) -> Answer:
    """The answer for a gradient with which nothing is wrong."""
    x = question.x
    assert x is not None
    details = [f"its values: {summarise(gradient).text}"]
    held = list(question.optimizers())
    if x.is_leaf and held and not any(each is x for _, optimizer in held for each in _parameters(optimizer)):
        name, optimizer = held[0]
        details.append(f"({name} does not hold it, and does not change it)")
        if any(each.requires_grad and getattr(each, "_grad", None) is None for each in _parameters(optimizer)):
            return Answer(
                "wrong_tensor", f"{question.name}.grad is there, but {name} holds other tensors in place of it",
                question.made(optimizer), details=details,
                remedy="make the optimizer from the parameters of the model as it is when it is trained",
            )  # fmt: skip
    return Answer(
        "healthy", f"{question.name}.grad is there, finite and not zero: nothing is wrong with it", details=details
    )


def _parameters(optimizer: Optimizer) -> Iterator[Tensor]:
    return (each for group in optimizer.param_groups for each in group["params"])
