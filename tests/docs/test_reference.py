"""Every public name has its entry in the reference, with a summary."""

import inspect
import pkgutil
import re

import pytest

import adjoint as torch
from adjoint.ops import later
from tools.docs import names, reference

PAGES = reference.pages()
TEXT = "\n".join(PAGES.values())
DESCRIBED = set(re.findall(r"^::: adjoint\.(\S+)$", TEXT, re.MULTILINE))
MENTIONED = set(re.findall(r"\{ #adjoint\.(\S+) ", TEXT))
FACE = sorted({*dir(torch), *later.names()})
MODULES = [module for page in names.PAGES for module in page.modules]


@pytest.mark.parametrize("name", [name for name in FACE if not name.startswith("_")])
def test_every_name_of_the_face_is_there(name):
    if inspect.ismodule(getattr(torch, name)):
        shown = any(module == name or module.startswith(name + ".") for module in MODULES)
        assert shown or name in names.NOT_FOR_PROGRAMS
    else:
        assert name in DESCRIBED | MENTIONED


@pytest.mark.parametrize("module", MODULES)
def test_every_name_of_a_module_is_there_once(module):
    paths = [entry.path for entry in names.entries(module)]
    assert set(paths) <= DESCRIBED | MENTIONED
    assert not DESCRIBED & MENTIONED


def test_every_method_is_there():
    public = {name: value for name, value in inspect.getmembers_static(torch.Tensor) if not name.startswith("_")}
    methods = {name for name, value in public.items() if inspect.isfunction(value)}
    page = PAGES["reference/tensor.md"]
    shown = set(re.findall(r"^::: adjoint\.Tensor\.(\w+)$", page, re.MULTILINE))
    shown |= set(re.search(r"members: (\[.*\])", page)[1].replace("'", "").strip("[]").split(", "))
    shown |= set(re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)) | set(re.findall(r"`(\w+_)`", page))
    missing = {name for name in methods - shown if name.removesuffix("_") not in shown}
    assert not missing


@pytest.mark.parametrize("entry", list(names.documented().values()), ids=lambda entry: entry.path)
def test_every_docstring_has_a_summary(entry):
    if names.is_legacy(entry):
        return
    summary = (inspect.getdoc(entry.value) or "").partition("\n\n")[0]
    assert re.search(r"\w.*[.:)`]$", summary, re.DOTALL), summary


def test_each_record_of_a_function_shows_its_statement():
    text = PAGES["reference/elementwise.md"]
    assert "`d/dx sinh(x) = cosh(x)`" in text
    assert 'sinh = elementwise(\n        "sinh", partial=lambda xp, x: xp.cosh(x)' in text


def test_no_function_has_the_path_of_a_module():
    """To import a module puts it in the place of the function that its package has by the same name."""
    functions = {f"adjoint.{entry.path}" for entry in names.documented().values()}
    assert functions & {module.name for module in pkgutil.walk_packages(torch.__path__, "adjoint.")} == set()
