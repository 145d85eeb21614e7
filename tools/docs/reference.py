"""The pages of the reference, in Markdown: for each public name its heading, its docstring, and where its formula stands."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from textwrap import dedent
from typing import Any

import adjoint
from adjoint.core.dtypes import DTYPES
from adjoint.core.exports import Export, exports
from adjoint.core.primitive import Primitive
from adjoint.core.tensor import Tensor
from adjoint.insight.formulas import derivative_text
from tools.docs import names
from tools.docs.names import Entry, Page

SOURCE = Path(adjoint.__file__).parents[1]

#: what a page says before its names
_INTRODUCTIONS = {
    "tensor": "An array of numbers, with its place in the graph. Most methods are functions of the face with the tensor as "
    "their first argument. The table below lists those; a method that ends in `_` writes into its tensor.",
    "types": "The types of numbers, the settings of printing, and the numbers that Python's `math` has as well.",
    "data": "Names of Python's own `multiprocessing` stand in `adjoint.multiprocessing` too, and are not repeated here.",
    "array-api": "`tensor.__array_namespace__()` is this module. Beside the names below it has every function of the "
    "standard, most of them the face's own.",
    "in-place": "`torch.abs_(x)` is `x.abs_()`: it computes like the function without the `_`, and writes into `x`.",
    "devices": "Adjoint computes on the CPU. These names answer what programs for several devices ask.",
    "further": "Names that stand on no other page.",
    "layers": "PyTorch has these beside `nn.functional`, some with other signatures.",
}


def pages() -> dict[str, str]:
    """Every page of the reference: its path below the folder of the documentation, and its text."""
    made = {f"reference/{page.slug}.md": page_text(page) for page in names.PAGES}
    return made | {"reference/index.md": index_text()}


def index_text() -> str:
    """The list of all names."""
    lines = [
        "# Reference",
        "",
        "Every public name, by what it is for. Each entry is what `help(name)` prints, and, for operations, the derivative as",
        "a formula, and the statement that makes both.",
        "",
    ]
    for page in names.PAGES:
        found = names.contents()[page.slug]
        lines += [f"## [{page.title}]({page.slug}.md)", "", ", ".join(_link(entry) for entry in found), ""]
    return "\n".join(lines)


def page_text(page: Page) -> str:
    """One page: its modules, and the families of the face that stand on it."""
    lines = [f"# {page.title}", ""]
    if page.slug in _INTRODUCTIONS:
        lines += [_INTRODUCTIONS[page.slug], ""]
    by_module: dict[str, list[Entry]] = {}
    for entry in names.contents()[page.slug]:
        by_module.setdefault(entry.path.rpartition(".")[0], []).append(entry)
    if not by_module:
        lines += ["There are none at present.", ""]
    for module, found in by_module.items():
        if module:
            summary = (import_module(f"adjoint.{module}").__doc__ or "").partition("\n")[0]
            lines += [f"## `adjoint.{module}`", "", summary, ""]
        elif page.modules:
            lines += ["## On the face", ""]
        for entry in found:
            lines += [*entry_lines(entry), ""]
    if page.slug == "tensor":
        lines += method_lines()
    return "\n".join(lines)


def entry_lines(entry: Entry) -> Iterator[str]:
    """A name: what it means, or where that is said."""
    if names.is_legacy(entry):
        yield from _heading(entry)
        yield f"PyTorch's old constructor of tensors of type `{entry.value.dtype}`."
        return
    if not entry.is_described:
        yield from _heading(entry)
        yield _value_text(entry)
        return
    main = names.documented()[id(inspect.unwrap(entry.value))]
    if main is not entry:
        yield from _heading(entry)
        yield f"The same as {_link(main)}."
        return
    yield f"::: adjoint.{entry.path}"
    if entry.value is Tensor:
        yield "    options:"
        yield f"      members: {_own_members(Tensor)}"
    if entry.export is not None:
        yield "    options:"
        yield "      show_source: false"
        yield ""
        yield from source_lines(entry.export)


def _own_members(kind: type) -> list[str]:
    """The public members that a class has from its own statement, and not from operations."""
    (statement,) = ast.parse(dedent(inspect.getsource(kind))).body
    defined = (node.name for node in getattr(statement, "body", ()) if isinstance(node, ast.FunctionDef))
    return [name for name in dict.fromkeys(defined) if not name.startswith("_")]


def _heading(entry: Entry) -> Iterator[str]:
    yield f"### adjoint.{_plain(entry.path)} {{ #adjoint.{entry.path} data-toc-label='{_plain(entry.name)}' }}"
    yield ""


def _plain(name: str) -> str:
    """A name with its underscores as themselves: in Markdown they would emphasise."""
    return name.replace("_", r"\_")


def _link(entry: Entry) -> str:
    return f"[`{entry.path}`][adjoint.{entry.path}]"


def _value_text(entry: Entry) -> str:
    for each in DTYPES:
        if each is entry.value:
            others = [f"`{name}`" for name in (each.name, *each.aliases) if name != entry.name]
            also = f"; also called {', '.join(others)}" if others else ""
            return f"A type of numbers, {each.itemsize} bytes each{also}."
    kind = type(entry.value).__name__
    return f"A value of type `{kind}`: `{entry.value!r}`." if kind != "Generator" else "The generator that draws use."


def method_lines() -> Iterator[str]:
    """The methods of tensors: those that are nothing else, then a table of those that are functions as well."""
    yield "## Methods"
    yield ""
    for name in names.attached():
        yield f"::: adjoint.Tensor.{name}"
        yield ""
    for method in sorted(names.methods(), key=lambda each: each.name):
        yield f"::: adjoint.Tensor.{method.name}"
        yield "    options:"
        yield "      show_source: false"
        yield ""
        yield from source_lines(method)
        yield ""
    yield "## Methods that are functions as well"
    yield ""
    yield "| method | in place | function |"
    yield "|---|---|---|"
    for name, other in names.renamed().items():
        yield f"| `{name}` | | the method [`{other}`][adjoint.Tensor.{other}] |"
    for key, export in sorted(exports.items()):
        if export.method and export.on_module and not export.module:
            within = f"`{export.method}_`" if export.inplace else ""
            yield f"| `{export.method}` | {within} | [`{key}`][adjoint.{key}] |"
    yield ""


# --- where a formula stands ---------------------------------------------------------------------------------------


def source_lines(export: Export) -> Iterator[str]:
    """The function's statement, and those of the records that it names, with their derivatives as formulas."""
    function = inspect.unwrap(export.function)
    own: Primitive | None = getattr(export.function, "primitive", None)
    records = [own] if own is not None else list(_records(function))
    formulas = [text for record in records for text in derivative_text(record).splitlines()]
    statements = [_statement(record) for record in records]
    if own is None:
        statements.insert(0, _definition(function))
    yield "<div data-search-exclude markdown>"
    yield ""
    yield '??? abstract "Derivative and source"' if formulas else '??? abstract "Source"'
    yield ""
    for formula in formulas:
        yield f"    - `{formula}`"
    for place, code in statements:
        yield ""
        yield f"    `{place}`"
        yield ""
        yield "    ```python"
        yield from (f"    {line}" for line in code.splitlines())
        yield "    ```"
    yield ""
    yield "</div>"


def _records(function: Callable) -> Iterator[Primitive]:
    """The records that a function names."""
    for name in dict.fromkeys(function.__code__.co_names):
        record = inspect.getattr_static(function.__globals__.get(name), "primitive", None)
        if isinstance(record, Primitive):
            yield record


def _definition(function: Any) -> tuple[str, str]:
    lines, line = inspect.getsourcelines(function)
    return _place(inspect.getsourcefile(function) or "", line), _without_docstring(dedent("".join(lines)))


def _without_docstring(text: str) -> str:
    """A function's source without its docstring, which stands above it on the page."""
    (definition,) = ast.parse(text).body
    first = definition.body[0] if isinstance(definition, ast.FunctionDef) else None
    if not isinstance(first, ast.Expr) or not isinstance(first.value, ast.Constant):
        return text
    lines = text.splitlines()
    return "\n".join(lines[: first.lineno - 1] + lines[first.end_lineno :])


def _statement(record: Primitive) -> tuple[str, str]:
    """The statement that makes a record: its place, and its text."""
    path = Path(inspect.getsourcefile(import_module(record.home)) or "")
    text, found = _statements(path)
    node = found.get(record.name)
    if node is None:  # made in a loop, or by a function of the family
        return _place(path, 1), f"# the record {record.name!r} is made by a function of this file"
    return _place(path, node.lineno), ast.get_source_segment(text, node) or ""


@cache
def _statements(path: Path) -> tuple[str, dict[str, ast.stmt]]:
    """The statements of a file's own level that begin with a call that is given a name: `sin = elementwise("sin", ...)`."""
    text = path.read_text()
    found: dict[str, ast.stmt] = {}
    for node in ast.parse(text).body:
        call = getattr(node, "value", None)
        if isinstance(call, ast.Call) and call.args and isinstance(call.args[0], ast.Constant):
            found.setdefault(str(call.args[0].value), node)
    return text, found


def _place(path: str | Path, line: int) -> str:
    return f"src/{Path(path).relative_to(SOURCE).as_posix()}, line {line}"
