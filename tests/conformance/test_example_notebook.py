"""The outputs saved in the project's own notebook are what PyTorch prints."""

import shutil
import subprocess
import sys
from pathlib import Path

EXAMPLES = Path(__file__).parents[2] / "examples"


def test_recording_them_again_changes_nothing(tmp_path):
    copy = Path(shutil.copy(EXAMPLES / "autograd.ipynb", tmp_path))
    subprocess.run([sys.executable, EXAMPLES / "record_outputs.py", copy], check=True, capture_output=True)
    assert copy.read_text() == (EXAMPLES / "autograd.ipynb").read_text()
