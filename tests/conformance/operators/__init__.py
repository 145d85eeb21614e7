"""PyTorch's own database of operators, run on both libraries.

`database` reads it and translates its samples; `checks` compares; `report` writes the table of results.
`python -m tests.conformance.operators NAME ...` shows what differs for single entries.
"""
