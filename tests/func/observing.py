"""What the tests of transforms compare of a result: its form, and of each tensor the type, the elements and whether it
requires a gradient. Which node made it, or whether it is a view, is each library's own here."""

from typing import Any


def seen(value: Any) -> Any:
    if hasattr(value, "requires_grad") and hasattr(value, "tolist"):
        return {
            "type": str(value.dtype).removeprefix("torch."),
            "shape": list(value.shape),
            "values": value.detach().tolist(),
            "requires_grad": value.requires_grad,
        }
    if isinstance(value, dict):
        return {key: seen(each) for key, each in value.items()}
    if isinstance(value, tuple | list):
        return [type(value).__name__, *map(seen, value)]
    return value
