"""The results on record: what passed once must pass again.

`python -m tests.conformance.operators.record` runs every entry, writes `passed.json`, and from it `docs/conformance.md`.
A test run compares with `passed.json`; it holds for each entry, check by check, how many samples agreed of how many.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tests.conformance.operators.reasons import REASONS

RESULTS = Path(__file__).parent / "passed.json"
PAGE = Path(__file__).parents[3] / "docs" / "conformance.md"

Results = dict[str, dict[str, list[int]]]

#: the columns of the table, and what is checked in each, by the beginning of the check's name
COLUMNS = {
    "value": ("value float64", "value float32", "value complex128", "value int64", "value bool", "value float16", "value bfloat16"),
    "gradient": ("gradient float64",),
    "second": ("second float64",),
    "forward": ("forward float64",),
    "complex gradient": ("gradient complex128",),
    "complex second": ("second complex128",),
    "complex forward": ("forward complex128",),
    "forms": ("out", "in-place", "method"),
    "errors": ("errors",),
}  # fmt: skip


def checked(name: str) -> dict[str, list[int]]:
    """The results of one entry; none where Adjoint has no such function."""
    from tests.conformance.operators.checks import Checks  # noqa: PLC0415 - takes seconds, and PyTorch
    from tests.conformance.operators.database import Absent  # noqa: PLC0415

    try:
        results = Checks(name).run()
    except Absent:
        return {}
    return {check: [result.passed, result.total] for check, result in results.items()}


def recorded() -> Results:
    return json.loads(RESULTS.read_text()) if RESULTS.exists() else {}


def counts(results: dict[str, list[int]], checks: Iterable[str]) -> tuple[int, int]:
    """How many samples agree, of how many, in these checks together."""
    found = [results[check] for check in checks if check in results]
    return sum(passed for passed, _ in found), sum(total for _, total in found)


def totals(results: Results, differentiable: set[str]) -> dict[str, tuple[int, int]]:
    """For each column: how many entries agree on every sample, of how many that have any; for errors, the samples."""
    rows: dict[str, tuple[int, int]] = {}
    for column, checks in COLUMNS.items():
        if column == "errors":
            pairs = [counts(each, checks) for each in results.values()]
            rows[column] = sum(a for a, _ in pairs), sum(b for _, b in pairs)
            continue
        pairs = [counts(each, checks) for each in results.values()]
        rows[column] = sum(1 for a, b in pairs if b and a == b), sum(1 for _, b in pairs if b)
    pair = ("value float64", "gradient float64")
    both = [each for name, each in results.items() if name in differentiable and pair[1] in each]
    rows["value and gradient, both in float64"] = (
        sum(1 for each in both if len(set(counts(each, pair))) == 1),
        len(both),
    )
    return rows


def incomplete(results: Results) -> list[str]:
    """The entries of which some sample does not agree."""
    return sorted(name for name, each in results.items() if not each or any(a != b for a, b in each.values()))


def page(results: Results, left_out: dict[str, str], differentiable: set[str]) -> str:
    """The table, as a page of the documentation."""
    lines = [
        "# Conformance with PyTorch's operator database",
        "",
        "Every entry of `op_db`, with every sample input that PyTorch's own tests use, run on PyTorch 2.13.0 and on Adjoint:",
        "values (seven types), gradients, gradients of gradients, forward mode (float64 and complex128), the forms `out=`,",
        "in-place and method, and the type of the exception for bad input. `a/b`: a of b samples agree, to the tolerances of",
        "`torch.testing.assert_close`. Written by `python -m tests.conformance.operators.record`.",
        "",
        "## Totals",
        "",
        "Entries that agree on every sample; for errors, samples.",
        "",
        "| | agree | of |",
        "|---|---|---|",
        *(f"| {column} | {a} | {b} |" for column, (a, b) in totals(results, differentiable).items()),
        "",
        "## Left out",
        "",
        "| entry | why |",
        "|---|---|",
        *(f"| `{name}` | {why} |" for name, why in left_out.items()),
        "",
        "## Layers and optimizers",
        "",
        "Every layer of `module_db` is compared likewise, in both modes: its text, first values, outputs, gradients and state;",
        "and every configuration of `optim_db` on dense parameters, over ten steps. They all agree.",
        "",
        "The tolerances ask float32 gradients for digits that they have in neither library where terms cancel. So a layer's",
        "float32 gradient agrees also where it is as precise as PyTorch's: where its largest error, measured against",
        "PyTorch's gradient in float64, is at most 4 times that of PyTorch's float32 gradient and a unit in the last place of",
        "the largest element together. This holds for every layer alike; the gradients in float64 agree to the tolerances.",
        "",
        "## Where samples differ",
        "",
        "| entry | checks | why |",
        "|---|---|---|",
        *(
            f"| `{name}` | {', '.join(f'{check} {a}/{b}' for check, (a, b) in results[name].items() if a != b) or 'absent'} "
            f"| {REASONS.get(name, '')} |"
            for name in incomplete(results)
        ),
        "",
        "## Entries",
        "",
        "| entry | " + " | ".join(COLUMNS) + " |",
        "|---|" + "---|" * len(COLUMNS),
    ]
    for name, each in sorted(results.items()):
        cells = []
        for checks in COLUMNS.values():
            passed, total = counts(each, checks)
            cells.append("" if not total else f"{passed}/{total}" if passed == total else f"**{passed}/{total}**")
        lines.append(f"| `{name}` | " + " | ".join(cells if each else ["absent", *[""] * (len(COLUMNS) - 1)]) + " |")
    return "\n".join(lines) + "\n"


def write(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text)
    partial.replace(path)


def main() -> None:
    from tests.conformance.operators.database import ENTRIES  # noqa: PLC0415
    from tests.conformance.operators.left_out import LEFT_OUT  # noqa: PLC0415

    names = [name for name in ENTRIES if not sys.argv[1:] or any(name.startswith(wanted) for wanted in sys.argv[1:])]
    with multiprocessing.get_context("spawn").Pool(maxtasksperchild=60) as pool:
        found: dict[str, Any] = dict(zip(names, pool.map(checked, names, chunksize=4), strict=True))
    results = {name: each for name, each in (recorded() | found).items() if name in ENTRIES}
    ordered = {name: results[name] for name in ENTRIES if name in results}
    write(RESULTS, "{\n" + ",\n".join(f"{json.dumps(n)}: {json.dumps(r)}" for n, r in ordered.items()) + "\n}\n")
    write(PAGE, page(ordered, LEFT_OUT, differentiable()))


def differentiable() -> set[str]:
    """The entries whose derivatives PyTorch supports."""
    from tests.conformance.operators.database import ENTRIES  # noqa: PLC0415

    return {name for name, entry in ENTRIES.items() if entry.supports_autograd}


if __name__ == "__main__":
    main()
