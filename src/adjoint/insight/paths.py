"""Why no way leads from a loss to a tensor: what cuts it, or which other tensor took its place."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from adjoint.insight.answer import Answer, missing
from adjoint.insight.asking import Question
from adjoint.insight.cuts import Cut
from adjoint.insight.program import Scope
from adjoint.insight.slices import Slice
from adjoint.insight.source import SourceLine


def no_path(
    question: Question,
    found: tuple[ast.AST, Scope] | None,
    root: object,
    began: SourceLine | None = None,
    name: str = "",
) -> Answer:
    """For a tensor that no way leads to from the root of a backward pass."""
    x = question.x
    assert x is not None
    if found is None:
        return missing(
            question.name, "no_path", "the loss was not computed from it, or its path was cut; the source of that is not at hand",
            remedy="ask why(f, ...) of the function that computes the loss", others=[began] if began else (),
        )  # fmt: skip
    node, scope = found
    part = Slice(node, scope, x)
    loss = name or ast.unparse(node)
    if part.closed:
        return cut(question, part.closed, f"the path from {loss} to it is cut", open_too=not all(part.ways))
    wrong = _replaced(question)
    if wrong is not None:
        return wrong
    others = [began] if began is not None else []
    return missing(
        question.name, "no_path", f"{loss} was not computed from it", others=others,
        details=_what_instead(question, part), remedy="use this very tensor in the loss; a copy of it is another one",
    )  # fmt: skip


def cut(question: Question, ways: Sequence[tuple[Cut, ...]], reason: str, open_too: bool = False) -> Answer:
    firsts = list(dict.fromkeys(way[-1] for way in ways))  # of several on one way, where the history ended first
    others = list(dict.fromkeys(cut.line for way in ways for cut in way[:-1]))
    lines = list(dict.fromkeys(cut.line for cut in firsts))
    others = [each for each in others if each not in lines]
    details = [f"{cut.reason}" for cut in firsts if cut.reason not in reason]
    certain = not open_too or (len(firsts) == 1 and firsts[0].is_optional)  # the way that is open did not run
    if not certain:
        details.append(
            "(the source has other ways too, that are not cut: they did not run, or the reason is another one)"
        )
    kinds = {cut.kind for cut in firsts}
    kind = kinds.pop() if len(kinds) == 1 else "cut"
    if len(lines) > 1 and certain:  # every way has its own cut: the first is named, all have a part in it
        others, lines = [*lines[1:], *others], lines[:1]
    return missing(
        question.name, kind, reason, lines, details=details, others=others,
        remedy="leave it out there, if the gradient is to flow through", certain=certain,
    )  # fmt: skip


def _replaced(question: Question) -> Answer | None:
    """For a tensor that an optimizer or a variable holds, while the program computes with another in its place."""
    x = question.x
    assert x is not None
    for name, optimizer in question.optimizers():
        if any(each is x for group in optimizer.param_groups for each in group["params"]):
            made = question.made(optimizer)
            lines = [] if made is None else [made]
            return missing(
                question.name, "wrong_tensor", f"{name} holds it, but the loss is computed from another tensor in its place",
                lines, remedy="make the optimizer from the parameters of the model as it is when it is trained",
            )  # fmt: skip
    return None


def _what_instead(question: Question, part: Slice) -> list[str]:
    names = [question.name_of(leaf) for leaf, _ in part.leaves if leaf is not None]
    known = list(dict.fromkeys(name for name in names if name is not None))
    return [f"it was computed from: {', '.join(known[:8])}"] if known else []
