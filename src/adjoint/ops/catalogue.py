"""Which names the families of operations bring that are loaded when one of them is first used.

Written by `python -m tools.catalogue`: do not edit.
"""

CATALOGUE: dict[str, dict[str, tuple[str, ...]]] = {
    "adjoint.ops.gathering": {
        "functions": (
            "argwhere",
            "gather",
            "index_select",
            "masked_select",
            "narrow_copy",
            "nonzero_static",
            "repeat_interleave",
            "take",
            "take_along_dim",
            "unravel_index",
        ),
        "methods": (
            "argwhere",
            "gather",
            "index_select",
            "masked_select",
            "narrow_copy",
            "nonzero_static",
            "repeat_interleave",
            "take",
            "take_along_dim",
        ),
        "verbs": (
            "gather",
            "index_select",
        ),
        "records": (
            "gather",
            "index_select",
        ),
    },
    "adjoint.ops.linalg.contractions": {
        "functions": (
            "chain_matmul",
            "ger",
            "inner",
            "kron",
            "linalg.matmul",
            "linalg.multi_dot",
            "linalg.vander",
            "linalg.vecdot",
            "outer",
            "tensordot",
            "vander",
        ),
        "methods": (
            "ger",
            "inner",
            "kron",
            "outer",
        ),
        "verbs": (),
        "records": (),
    },
    "adjoint.ops.linalg.cross_products": {
        "functions": (
            "cross",
            "linalg.cross",
        ),
        "methods": (
            "cross",
        ),
        "verbs": (),
        "records": (
            "linalg_cross",
        ),
    },
    "adjoint.ops.linalg.products": {
        "functions": (
            "addbmm",
            "addmm",
            "addmv",
            "addr",
            "baddbmm",
            "vdot",
        ),
        "methods": (
            "addbmm",
            "addbmm_",
            "addmm",
            "addmm_",
            "addmv",
            "addmv_",
            "addr",
            "addr_",
            "baddbmm",
            "baddbmm_",
            "vdot",
        ),
        "verbs": (),
        "records": (
            "addbmm",
            "addmm",
            "addmv",
            "addr",
            "baddbmm",
            "vdot",
        ),
    },
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
    "adjoint.ops.nn.softmax": {
        "functions": (
            "log_softmax",
            "nn.functional.gumbel_softmax",
            "nn.functional.log_softmax",
            "nn.functional.softmax",
            "nn.functional.softmin",
            "softmax",
        ),
        "methods": (
            "log_softmax",
            "softmax",
        ),
        "verbs": (),
        "records": (
            "log_softmax",
            "softmax",
        ),
    },
}
