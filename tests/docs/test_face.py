"""What the reader of sources is told: docstrings as Markdown, and the names where a program finds them."""

import inspect

import pytest

pytest.importorskip("griffe", reason="the documentation's packages are not installed")

import griffe

from tools.docs.face import PublicFace, _running, as_markdown


def test_examples_become_blocks_of_code():
    text = as_markdown(
        "One.\n\n    >>> if True:\n    ...     print(1)\n    1\n    <BLANKLINE>\n    >>> 2\n    2\n\n    Two.\n"
    )
    assert text == "One.\n\n```pycon\n>>> if True:\n...     print(1)\n1\n\n>>> 2\n2\n```\n\nTwo."


def test_a_docstring_without_examples_stays():
    assert as_markdown("One `x`.\n\nTwo.") == "One `x`.\n\nTwo."


@pytest.mark.parametrize("signature", ["x", "x, /, y=1, *args, z, **kwargs", "x: int = 0, *, y: str = 'a'"])
def test_what_no_source_declares_is_shown_as_it_runs(signature):
    scope: dict = {}
    exec(f"def f({signature}): ...", scope)
    shown = [(each.name, each.kind.value, each.default) for each in _running("f", scope["f"]).parameters]
    assert shown == [
        (each.name, each.kind.description, None if each.default is each.empty else repr(each.default))
        for each in inspect.signature(scope["f"]).parameters.values()
    ]


@pytest.fixture(scope="module")
def package():
    return griffe.load("adjoint", search_paths=["src"], extensions=griffe.Extensions(PublicFace()))


@pytest.mark.parametrize(
    "path", ["sin", "nn.functional.relu", "linalg.det", "Tensor.view", "nn.Linear", "optim.Adam", "vmap"]
)
def test_a_public_path_leads_to_a_docstring(package, path):
    assert package[path].docstring.value


def test_a_record_has_its_signature(package):
    assert [parameter.name for parameter in package["sin"].parameters] == ["input", "out"]
