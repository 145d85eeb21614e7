"""Which names the families of operations bring that are loaded when one of them is first used.

Written by `python -m tools.catalogue`: do not edit.
"""

CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
    "adjoint.ops.nn.activations": {
        "functions": (
            "nn.functional.relu",
            "nn.functional.sigmoid",
            "nn.functional.tanh",
        ),
        "methods": (),
        "verbs": (),
        "records": (),
    },
}
