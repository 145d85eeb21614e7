"""Tests here that take `torch` run on Adjoint and, where it is installed, on PyTorch: what they assert holds for both."""

import importlib
import importlib.util

import pytest

LIBRARIES = ["adjoint", *(["torch"] if importlib.util.find_spec("torch") else [])]


@pytest.fixture(params=LIBRARIES)
def torch(request):
    return importlib.import_module(request.param)
