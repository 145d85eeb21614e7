"""The same work on Adjoint and on its peers, timed in turn: `python -m benchmarks`."""
