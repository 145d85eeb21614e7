"""Record files that PyTorch has saved, by which Adjoint's reading is tested where there is no PyTorch.

Run with PyTorch installed, from the top of the project: `python -m tests.golden.record_files`. It writes them into
golden/files, next to itself.
"""

from pathlib import Path

import torch

from tests.serialization.contents import CONTENTS, DTYPES, NEW_DTYPES, types

FILES = Path(__file__).parent / "files"

if __name__ == "__main__":
    for name, contents in CONTENTS.items():
        torch.save(contents(torch), FILES / f"{name}.pt")
        old = types(torch, [each for each in DTYPES if each not in NEW_DTYPES]) if name == "types" else contents(torch)
        torch.save(old, FILES / f"{name}_old.pt", _use_new_zipfile_serialization=False)
