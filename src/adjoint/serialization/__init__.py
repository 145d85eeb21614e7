"""`torch.serialization`: files of tensors, in PyTorch's own format. Nothing that a file says is ever executed."""

from adjoint.core.face import loaded_on_use as _loaded_on_use

#: what stands in which module
_HOMES: dict[str, tuple[str, ...]] = {
    "loading": ("get_unsafe_globals_in_checkpoint", "load"),
    "location": ("default_restore_location", "location_tag"),
    "names": ("add_safe_globals", "clear_safe_globals", "get_safe_globals", "safe_globals"),
    "options": (
        "LoadEndianness",
        "SourceChangeWarning",
        "get_crc32_options",
        "get_default_load_endianness",
        "get_default_mmap_options",
        "set_crc32_options",
        "set_default_load_endianness",
        "set_default_mmap_options",
    ),
    "saving": ("save",),
    "storage": ("StorageType",),
}
__getattr__, __dir__, __all__ = _loaded_on_use(__name__, _HOMES, {"safetensors"})
