"""Machine code: LLVM, which makes it for the processor that we run on, and the threads that run it."""
