"""Verbs that are algorithms: what they compute, on NumPy's arrays, one file per family.

A kernel is a plain function of arrays, then of static parameters by keyword. It returns an array or a tuple of arrays.
`arrays.verbs.KERNELS` lists them, and the NumPy namespace loads a family when one of its verbs is first used. `vmap`
carries a kernel out on one example after the other where its namespace does not know better.
"""
