"""`torch.save`."""

from __future__ import annotations

import io
import pickle
import sys
from pathlib import Path
from typing import Any

from adjoint.serialization.container import ALIGNMENT, ArchiveWriter
from adjoint.serialization.files import is_path, writing
from adjoint.serialization.legacy import save_legacy
from adjoint.serialization.options import get_crc32_options
from adjoint.serialization.pickling import Pickler

__all__ = ["save"]


def save(
    obj: object,
    f: Any,
    pickle_module: Any = pickle,
    pickle_protocol: int = 2,
    _use_new_zipfile_serialization: bool = True,
    _disable_byteorder_record: bool = False,
) -> None:
    """Write an object to a file, which PyTorch can load as well: a tensor, a state dict, lists and dicts of them.

    `f` is a path, or an object to write to. A file that is there already is replaced in one step at the end: whatever
    happens to the program until then, the old file is whole. Tensors that share memory do so again when they are loaded;
    the whole memory is written, even if only a part of it is a tensor's.

    With `_use_new_zipfile_serialization=False` the file has the format that PyTorch had before version 1.6.

    >>> import io
    >>> import adjoint as torch
    >>> file = io.BytesIO()
    >>> torch.save({"weight": torch.tensor([1.0, 2.0])}, file)
    >>> _ = file.seek(0)
    >>> torch.load(file)
    {'weight': tensor([1., 2.])}
    """
    if pickle_module is not pickle:
        raise ValueError(
            f"pickle_module must be pickle, not {getattr(pickle_module, '__name__', pickle_module)}\n"
            "What another module writes could not be loaded without being executed."
        )
    with writing(f) as file:
        if _use_new_zipfile_serialization:
            _save_archive(obj, file, _folder_of(f), pickle_protocol, not _disable_byteorder_record)
        else:
            save_legacy(obj, file, pickle_protocol)


def _save_archive(obj: object, file: Any, folder: str, protocol: int, with_byteorder: bool) -> None:
    pickled = io.BytesIO()
    pickler = Pickler(pickled, protocol)
    pickler.dump(obj)
    archive = ArchiveWriter(file, folder, get_crc32_options())
    archive.record("data.pkl", pickled.getvalue())
    archive.record(".format_version", b"1")
    archive.record(".storage_alignment", str(ALIGNMENT).encode())
    if with_byteorder:
        archive.record("byteorder", sys.byteorder.encode())
    for key, memory in pickler.storages.items():
        archive.record(f"data/{key}", memory.data)
    archive.close()


def _folder_of(f: Any) -> str:
    """The folder within the archive: PyTorch calls it by the file's name."""
    name = Path(f).name.rpartition(".")[0] or Path(f).name if is_path(f) else ""
    return name if name and name.isascii() else "archive"
