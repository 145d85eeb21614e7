"""NumPy, loaded so that the idle threads of its BLAS sleep soon.

After each product OpenBLAS's threads look for more work for 2**26 of the processor's ticks, some hundredths of a second,
on the processors that whatever comes next would use. How long is read from the environment when NumPy is loaded: here
2**22 ticks, about a millisecond, unless the program or its environment has chosen, or has loaded NumPy before.
"""

import os

_NAME = "OPENBLAS_THREAD_TIMEOUT"  # the power of two

if _NAME not in os.environ:
    os.environ[_NAME] = "22"
    try:
        import numpy  # noqa: F401
    finally:
        del os.environ[_NAME]
