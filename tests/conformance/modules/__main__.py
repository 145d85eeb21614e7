"""Show what differs for layers whose names begin so: `python -m tests.conformance.modules Conv --trace`."""

import sys

from tests.conformance.modules import ENTRIES, differences

names = [each for each in sys.argv[1:] if not each.startswith("--")]
for name in ENTRIES:
    if not names or any(name.removeprefix("nn.").startswith(each) for each in names):
        found = differences(name, trace="--trace" in sys.argv)
        print(name, "agrees" if not found else f"differs in {len(found)}:")
        for each in found[:3]:
            print("   ", each[:600])
