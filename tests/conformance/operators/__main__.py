"""Show what differs for single entries, or for all whose names begin so.

python -m tests.conformance.operators linalg.solve nn.functional.conv     # entries by the beginning of their names
python -m tests.conformance.operators =sum --check gradient --trace        # exactly `sum`; one kind of check; tracebacks
python -m tests.conformance.operators --missing                            # names of entries without a function
"""

from __future__ import annotations

import argparse

from tests.conformance.operators import database
from tests.conformance.operators.checks import Checks


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance.operators", description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--check", default="", help="only checks whose name begins so")
    parser.add_argument("--trace", action="store_true", help="print tracebacks")
    parser.add_argument("--keep", type=int, default=2, help="differences shown per check")
    parser.add_argument("--missing", action="store_true")
    options = parser.parse_args()
    if options.missing:
        for name, entry in database.ENTRIES.items():
            try:
                database.operation(name, entry)
            except database.Absent:
                print(name)
        return
    for name in database.ALL:
        if any(name == wanted[1:] if wanted[0] == "=" else name.startswith(wanted) for wanted in options.names):
            show(name, options)


def show(name: str, options: argparse.Namespace) -> None:
    try:
        results = Checks(name, trace=options.trace, keep=options.keep).run(options.check)
    except database.Absent as absent:
        print(f"{name}: absent: {absent}")
        return
    print(f"{name}: " + ", ".join(f"{check} {r.passed}/{r.total}" for check, r in results.items()))
    for check, result in results.items():
        for each in result.differences:
            print(f"  {check}: {each}")


if __name__ == "__main__":
    main()
