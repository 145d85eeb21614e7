"""Write the type stubs: what `adjoint`, its modules and `Tensor` have, read off the exports.

python -m tools.stubs           # write them
python -m tools.stubs --check   # exit with 1 where one is out of date
"""

from __future__ import annotations

import ast
import builtins
import inspect
import re
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from types import ModuleType
from typing import Any

import adjoint
from adjoint.core.exports import Export, exports
from adjoint.core.tensor import Tensor
from adjoint.ops import later

PACKAGE = Path(adjoint.__file__).parent
HEAD = '"""{doc}\n\nWritten by `python -m tools.stubs`: do not edit.\n"""\n\n'


class Imports:
    """The imports that the annotations of one stub need."""

    def __init__(self) -> None:
        self.lines: set[str] = set()

    def annotation(self, text: Any, scope: dict[str, Any]) -> str:
        """An annotation as it stands in the source, with what it names imported; `Any` where that cannot be."""
        if not isinstance(text, str):
            text = getattr(text, "__name__", str(text)) if isinstance(text, type) else str(text).replace("typing.", "")
        for name in {node.id for node in ast.walk(ast.parse(text, mode="eval")) if isinstance(node, ast.Name)}:
            found = scope.get(name, vars(builtins).get(name, vars(adjoint.core.tensor).get(name)))
            if found is not None and found is vars(builtins).get(name):
                self.lines.add("import builtins")  # many of these names are PyTorch's as well, and mean another thing
                text = re.sub(rf"(?<![\w.]){name}\b", f"builtins.{name}", text)
                continue
            module, own = getattr(found, "__module__", None), getattr(found, "__name__", None)
            if module is None or own is None or isinstance(found, ModuleType):
                self.lines.add("from typing import Any")
                return "Any"
            self.lines.add(f"from {module} import {own}" + (f" as {name}" if own != name else ""))
        return text

    def parameters(self, function: Callable, method: bool) -> str:
        """A function's parameters, with their types."""
        plain = inspect.unwrap(function)
        scope = plain.__globals__
        written, star = [], False
        for place, each in enumerate(inspect.signature(plain).parameters.values()):
            if method and place == 0:
                written.append("self")
                continue
            name = (
                f"*{each.name}"
                if each.kind is each.VAR_POSITIONAL
                else f"**{each.name}"
                if each.kind is each.VAR_KEYWORD
                else each.name
            )
            if each.kind is each.KEYWORD_ONLY and not star:
                written.append("*")
            star = star or each.kind in (each.KEYWORD_ONLY, each.VAR_POSITIONAL)
            kind = "" if each.annotation is each.empty else ": " + self.annotation(each.annotation, scope)
            default = "" if each.default is each.empty else (" = ..." if kind else "=...")
            written.append(name + kind + default)
        result = inspect.signature(plain).return_annotation
        arrow = "" if result is inspect.Signature.empty else " -> " + self.annotation(result, scope)
        return f"({', '.join(written)}){arrow}"

    def text(self) -> str:
        return "".join(f"{line}\n" for line in sorted(self.lines))


def functions(found: Iterable[Export], imports: Imports) -> str:
    """The functions of a module."""
    return "".join(f"def {each.name}{imports.parameters(each.function, False)}: ...\n" for each in found)


def module_stub(path: str, doc: str) -> str:
    """The stub of a module that has nothing but exported functions."""
    imports = Imports()
    body = functions(_exports_of(path), imports)
    return HEAD.format(doc=doc) + imports.text() + "\n" + body


def _exports_of(module: str) -> list[Export]:
    found = (each for each in exports.values() if each.module == module and each.on_module)
    return sorted((each for each in found if each.name.isidentifier()), key=lambda each: each.name)


def face_stub() -> str:
    """The stub of `adjoint` itself."""
    imports = Imports()
    lines = []
    tree = ast.parse((PACKAGE / "__init__.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                name = alias.asname or alias.name
                if not name.startswith("_"):
                    lines.append(f"from {node.module} import {alias.name} as {name}\n")
    for module, found in adjoint._FILES.items():
        lines += [f"from adjoint.{module} import {name} as {name}\n" for name in found]
    lines += [f"from adjoint import {package} as {package}\n" for package in adjoint._PACKAGES]
    lines.append("from adjoint.core.dtypes import dtype as _dtype\n")
    body = functions(_exports_of(""), imports)
    names = [name for each in adjoint.core.dtypes.DTYPES for name in (each.name, *each.aliases)]
    constants = "".join(f"{name}: _dtype\n" for name in names)
    constants += "".join(f"{name}: type[Tensor]\n" for name in adjoint.ops.legacy.CONSTRUCTORS)
    return (
        HEAD.format(doc=adjoint.__doc__.partition("\n")[0])
        + "".join(sorted(lines))
        + imports.text()
        + "\n__version__: str\n"
        + constants
        + "\n"
        + body
    )


def method_stub() -> str:
    """The stub of the methods that `Tensor` has from its operations."""
    imports = Imports()
    own = set(_own_names())
    lines: dict[str, str] = {}
    for each in exports.values():
        if each.method is None or each.module or not each.method.isidentifier():
            continue
        parameters = imports.parameters(each.function, True)
        lines[each.method] = f"    def {each.method}{parameters}: ...\n"
        if each.inplace:
            lines[each.method + "_"] = f"    def {each.method}_{parameters.partition(' -> ')[0]} -> Tensor: ...\n"
    for name in dir(Tensor):
        special = re.fullmatch(r"__[a-z]+__", name) is not None
        value = inspect.getattr_static(Tensor, name)
        if name in lines or name in own or (name.startswith("_") and not special):
            continue
        if name in _COMPARISONS:
            excuse = "  # type: ignore[override]" if name in ("__eq__", "__ne__") else ""  # which give truth values
            lines[name] = f"    def {name}(self, other: Any) -> Tensor: ...{excuse}\n"
            imports.lines.add("from typing import Any")
            continue
        if name in dir(object):
            continue
        if isinstance(value, property):
            setter = f"    @{name}.setter\n    def {name}(self, value: Any) -> None: ...\n" if value.fset else ""
            lines[name] = f"    @property\n    def {name}(self) -> Any: ...\n{setter}"
            imports.lines.add("from typing import Any")
        elif callable(value):
            parameters = imports.parameters(value, True)
            if special:  # an operator takes operands, and no more
                parameters = re.sub(r", \*, .*\)", ")", parameters).replace("*args: Any, **kwargs: Any", "other: Any")
            lines[name] = f"    def {name}{parameters}: ...\n"
    body = "".join(text for name, text in sorted(lines.items()) if name not in own)
    imports.lines.add("from adjoint.core.tensor import Tensor")
    return (
        HEAD.format(doc="The methods that `Tensor` has from its operations.")
        + imports.text()
        + "\nclass TensorMethods:\n"
        + body
    )


_COMPARISONS = ("__eq__", "__ne__", "__lt__", "__le__", "__gt__", "__ge__")


def _own_names() -> Iterable[str]:
    tree = ast.parse((PACKAGE / "core" / "tensor.py").read_text())
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == "Tensor":
            for each in node.body:
                if isinstance(each, ast.FunctionDef):
                    yield each.name
                elif isinstance(each, ast.Assign | ast.AnnAssign):
                    for target in each.targets if isinstance(each, ast.Assign) else [each.target]:
                        yield getattr(target, "id", "")


def stubs() -> dict[Path, str]:
    """Every stub: its path and its text."""
    later.load_all()
    made = {PACKAGE / "__init__.pyi": face_stub(), PACKAGE / "core" / "methods.pyi": method_stub()}
    for path in sorted({each.module for each in exports.values()} - {""}):
        module = sys.modules["adjoint." + path]
        made[PACKAGE / (path.replace(".", "/") + ".pyi")] = module_stub(path, (module.__doc__ or "").partition("\n")[0])
    return made


def main() -> int:
    made = stubs()
    if "--check" in sys.argv:
        stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
        for path in stale:
            print(f"{path.relative_to(PACKAGE.parent)} is out of date: run python -m tools.stubs", file=sys.stderr)
        return int(bool(stale))
    for path, text in made.items():
        partial = path.with_suffix(".partial")
        partial.write_text(text)
        partial.replace(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
