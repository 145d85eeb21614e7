"""The page of each program that operations are tested with: every formula is well-formed, every edge is drawn."""

import json
import warnings
from xml.etree import ElementTree

import pytest

import adjoint as torch
from adjoint.insight import explain
from adjoint.insight.page.model import model_of
from tests.insight.test_programs import differentiable, gradients
from tests.ops.cases import FAMILIES
from tests.ops.observing import cotangent


@pytest.mark.parametrize("family", FAMILIES)
def test_pages(family):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for case in FAMILIES[family]:
            inputs, roots = differentiable(case)
            for root in roots:
                gradient = cotangent(torch, root)
                if gradients(root, inputs, gradient) is None:
                    continue
                model = model_of(explain(root, gradient=gradient, names=inputs))
                json.dumps(model, allow_nan=False)
                for formula in model["formulas"]:
                    ElementTree.fromstring(f"<math>{formula}</math>")
                drawn = {edge for group in model["groups"] for line in group["lines"] for edge in line[2]}
                assert drawn == set(range(len(model["edges"])))
                kinds = [step["kind"] for step in model["steps"]]
                assert kinds.count("compute") == kinds.count("operation")
