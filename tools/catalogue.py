"""Write `adjoint/ops/catalogue.py`: which names the families bring that are loaded when they are first used.

python -m tools.catalogue           # write it
python -m tools.catalogue --check   # exit with 1 where it is out of date
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from textwrap import fill

HEAD = '''"""Which names the families of operations bring that are loaded when one of them is first used.

Written by `python -m tools.catalogue`: do not edit.
"""

# fmt: off
CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
'''


def entries() -> dict[str, dict[str, list[str]]]:
    """For each module of `adjoint.ops` that `import adjoint` does not load: what it brings."""
    from adjoint import ops  # noqa: PLC0415 - what it loads at once is what is not wanted here
    from adjoint.arrays.tensor import TensorNamespace  # noqa: PLC0415
    from adjoint.core.exports import declaring_module, exports  # noqa: PLC0415
    from adjoint.core.primitive import registry  # noqa: PLC0415

    early = set(sys.modules)
    known, records = set(exports), dict.fromkeys(registry)
    verbs: dict[str, list[str]] = {}
    provide = TensorNamespace.provide

    def noted(self: TensorNamespace, verb: str, function: object) -> None:
        verbs.setdefault(declaring_module(), []).append(verb)
        provide(self, verb, function)

    TensorNamespace.provide = noted
    found: dict[str, dict[str, list[str]]] = {}
    homes: dict[str, list[str]] = {}
    for module in sorted(each.name for each in walk_packages(ops.__path__, "adjoint.ops.")):
        if module in early:
            continue
        try:
            import_module(module)
        except Exception as error:
            print(f"{module}: {type(error).__name__}: {error}", file=sys.stderr)
            continue
    for name in registry:
        if name not in records:
            homes.setdefault(registry[name].home, []).append(name)
    for key, export in exports.items():
        if key not in known:
            entry = found.setdefault(export.home, {"functions": [], "methods": []})
            entry["functions"].append(key)
            if export.method and not export.module:
                entry["methods"] += [export.method, *([export.method + "_"] if export.inplace else [])]
    for module in {*found, *verbs, *homes}:
        entry = found.setdefault(module, {"functions": [], "methods": []})
        entry["verbs"] = verbs.get(module, [])
        entry["records"] = homes.get(module, [])
    return dict(sorted(found.items()))


def text() -> str:
    """The file, as it should be."""
    lines = [HEAD]
    for module, names in entries().items():
        lines.append(f'    "{module}": {{\n')
        for kind in ("functions", "methods", "verbs", "records"):
            listed = ", ".join(f'"{name}"' for name in sorted(set(names.get(kind, []))))
            if listed:
                start = f'        "{kind}": ('
                end = ",)," if '", "' not in listed else "),"
                lines.append(fill(start + listed + end, 120, subsequent_indent=" " * 12, break_on_hyphens=False) + "\n")
        lines.append("    },\n")
    return "".join(lines) + "}\n"


def main() -> int:
    path = Path(__file__).parents[1] / "src" / "adjoint" / "ops" / "catalogue.py"
    wanted = text()
    if "--check" in sys.argv:
        return int(path.read_text() != wanted)
    partial = path.with_suffix(".partial")
    partial.write_text(wanted)
    partial.replace(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
