"""`adjoint run script.py` does as `python script.py` does."""

import sys

import pytest

SCRIPTS = {
    "where it is": """
import sys
print(__name__, __file__, __spec__, __doc__, __builtins__, sys.argv, sys.path[0], sys.modules["__main__"].__file__)
""",
    "neighbours": "import neighbour; print(neighbour.__file__)",
    "input": "print(input('name? ')[::-1])",
    "exit status": "import sys; print('before'); sys.exit(7)",
    "exit message": "raise SystemExit('no more')",
    "exception": """
def half(x):
    return x / 0

try:
    half(2)
except ZeroDivisionError as error:
    raise ValueError("no half") from error
""",
    "exception group": "raise ExceptionGroup('two', [ValueError(1), KeyError(2)])",
    "syntax": "x = 1\nx = = 2\n",
    "encoding": "# coding: latin-1\nprint(ascii('é'))",
    "hook": "import sys; sys.excepthook = lambda kind, error, frames: print(kind, frames.tb_lineno); 1 / 0",
    "warning": "import warnings; warnings.warn('careful')",
    "pickle": "import pickle\nclass A: pass\nprint(pickle.loads(pickle.dumps(A())).__class__ is A)",
    "source": "import inspect\ndef f():\n    return 1\nprint(inspect.getsource(f))",
    "thread": """
import threading, time
value = "from the thread"
def later():
    time.sleep(0.2)
    import sys
    print(value, sys.modules["__main__"].value)
threading.Thread(target=later).start()
raise KeyError("first")
""",
    "at exit": "import atexit; atexit.register(print, 'bye'); print('hello')",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_as_python_does(python, adjoint, write, name):
    write("sub/script.py", SCRIPTS[name])
    write("sub/neighbour.py", "")
    arguments = ["sub/script.py", "--check", "--", "-h"]
    expected, got = python(*arguments, stdin="abc\n"), adjoint("run", *arguments, stdin="abc\n")
    assert (got.stdout, got.stderr, got.returncode) == (expected.stdout, expected.stderr, expected.returncode)


def test_interrupted(python, adjoint, write):
    write("script.py", "import os, signal; os.kill(os.getpid(), signal.SIGINT)")
    got = adjoint("run", "script.py")
    assert got.stderr == python("script.py").stderr
    assert got.returncode == 130


WORKERS = """
import sys
import torch
from torch.utils.data import DataLoader, Dataset

class Squares(Dataset):
    def __len__(self):
        return 4

    def __getitem__(self, place):
        return torch.tensor(place * place), torch.__name__

if __name__ == "__main__":
    for batch in DataLoader(Squares(), 2, num_workers=1, multiprocessing_context=sys.argv[1]):
        print(batch)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="starts processes as POSIX systems do")
@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_processes_that_it_starts_run_on_adjoint_too(adjoint, write, method):
    write("script.py", WORKERS)
    got = adjoint("run", "script.py", method)
    assert not got.stderr
    assert got.stdout.splitlines() == [f"[tensor([{pair}]), ('adjoint', 'adjoint')]" for pair in ("0, 1", "4, 9")]
