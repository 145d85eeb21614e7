"""The planted programs run when their tests run them, not when the tests are collected."""

collect_ignore = ["faults"]
