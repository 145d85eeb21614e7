"""What the reference's reader of sources (griffe) cannot see in the sources: the face as a running program sees it.

The names of the face are loaded when they are first used, and a record's docstring is made from the record. So each public
name is put where a program finds it, with the signature that the type stubs give and the docstring that `help` prints.
"""

from __future__ import annotations

import doctest
import inspect
import re
import textwrap
from typing import Any

import griffe

from tools.docs import names

_PROMPTS = doctest.DocTestParser()


class PublicFace(griffe.Extension):
    """Puts each public name where a program finds it, and its docstring into Markdown."""

    def on_package(self, *, pkg: griffe.Module, **_: Any) -> None:
        written = pkg["core.methods.TensorMethods"].members
        tensor = pkg["core.tensor.Tensor"]
        for method in names.methods():
            if method.name not in tensor.members:
                tensor.set_member(method.name, written.get(method.name) or _running(method.name, method.function))
                _describe(tensor[method.name], method.function)
        for name, declared in names.attached().items():
            tensor.members[name] = griffe.Alias(name, declared, parent=tensor)
        for entry in names.documented().values():
            if not names.is_legacy(entry):
                _place(pkg, entry)

    def on_object(self, *, obj: griffe.Object, **_: Any) -> None:
        if obj.docstring is not None:
            obj.docstring.value = as_markdown(obj.docstring.value)


def _place(pkg: griffe.Module, entry: names.Entry) -> None:
    """Have a public path lead to the place that declares the name; to what is running, where no source declares it so."""
    owner = pkg[entry.path.rpartition(".")[0]] if "." in entry.path else pkg
    value = inspect.unwrap(entry.value)
    if entry.export is not None:
        if entry.name not in owner.members:  # the type stubs are older than the name
            owner.set_member(entry.name, _running(entry.name, value))
        _describe(owner[entry.name], entry.export.function)
        return
    declared = f"{value.__module__}.{value.__qualname__}"
    if not _is_declared(pkg, declared):
        owner.set_member(entry.name, _running(entry.name, value))
        _describe(owner[entry.name], value)
    elif declared != f"adjoint.{entry.path}":
        owner.members[entry.name] = griffe.Alias(entry.name, declared, parent=owner)


def _is_declared(pkg: griffe.Module, path: str) -> bool:
    """Whether a source has a class or function of this path."""
    try:
        found = pkg[path.removeprefix("adjoint.")]
        return found.is_class or found.is_function
    except (KeyError, griffe.GriffeError):
        return False


def _describe(obj: griffe.Object, value: Any) -> None:
    obj.docstring = griffe.Docstring(as_markdown(inspect.getdoc(value) or ""), parent=obj)


def _running(name: str, value: Any) -> griffe.Object:
    """A class or function as it runs."""
    if inspect.isclass(value):
        return griffe.Class(name)
    parameters = [
        griffe.Parameter(
            each.name,
            annotation=None if each.annotation is each.empty else str(each.annotation),
            kind=griffe.ParameterKind(each.kind.description),
            default=None if each.default is each.empty else repr(each.default),
        )
        for each in inspect.signature(value).parameters.values()
    ]
    return griffe.Function(name, parameters=griffe.Parameters(*parameters))


def as_markdown(docstring: str) -> str:
    """A docstring with its examples as blocks of code.

    >>> print(as_markdown("Adds.\\n\\n>>> 1 + 1\\n2\\n\\nThat is all."))
    Adds.
    <BLANKLINE>
    ```pycon
    >>> 1 + 1
    2
    ```
    <BLANKLINE>
    That is all.
    """
    if "```" in docstring:
        return docstring
    parts: list[str] = []
    examples: list[str] = []
    for part in _PROMPTS.parse(inspect.cleandoc(docstring)):
        if isinstance(part, doctest.Example):
            examples.append(_written(part))
        elif part.strip() or not examples:
            parts += _fenced(examples)
            examples = []
            parts.append(part.strip("\n"))
        elif part:
            examples.append("\n")
    return "\n\n".join(part for part in [*parts, *_fenced(examples)] if part)


def _written(example: doctest.Example) -> str:
    first, *rest = example.source.splitlines()
    prompts = [f">>> {first}", *(f"... {line}".rstrip() for line in rest)]
    printed = re.sub(r"^<BLANKLINE>$", "", example.want, flags=re.MULTILINE)
    return "\n".join(prompts) + "\n" + textwrap.dedent(printed)


def _fenced(examples: list[str]) -> list[str]:
    text = "".join(examples).strip("\n")
    return [f"```pycon\n{text}\n```"] if text else []
