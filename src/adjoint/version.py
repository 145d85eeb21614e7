"""`torch.version`: of what the library is made; of nothing that needs a GPU."""

__all__ = ["cuda", "debug", "git_version", "hip", "xpu"]

debug = False
cuda: str | None = None
hip: str | None = None
xpu: str | None = None
git_version = "Unknown"
