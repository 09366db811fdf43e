from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from pellucid.attribution.method import Method
from pellucid.cli.commands.methods import described
from pellucid.cli.main import main


@dataclass(frozen=True, slots=True, kw_only=True)
class Halved(Method):
    """Half of it.

    R = x / 2

    Parameters
    ----------
    share
        Which half.

    Axioms: completeness, for one half
    only; sensitivity.
    Cost: none.
    Source: nobody, equation 7.
    """

    share: float = 0.5
    layer: str | None = None

    def relevance(self, run):
        return run.inputs / 2


def test_a_method_is_described_by_its_docstring_and_fields():
    assert described("halved", Halved) == {
        "name": "halved",
        "summary": "Half of it.",
        "kind": "signed",
        "settings": {"share": 0.5, "layer": None},
        "axioms": "completeness, for one half only; sensitivity.",
        "cost": "none.",
        "source": "nobody, equation 7.",
    }


def test_every_method_stands_in_the_json(capsys):
    assert main(["methods", "--json"]) == 0
    facts = {fact["name"]: fact for fact in json.loads(capsys.readouterr().out)}
    assert {"saliency", "integrated_gradients", "grad_cam", "cam", "random", "amplitude"} <= set(facts)
    assert facts["integrated_gradients"]["settings"]["tolerance"] == 0.01
    assert facts["amplitude"]["kind"] == "positive"
    assert all(fact["summary"] and fact["axioms"] and fact["cost"] for fact in facts.values())


@pytest.mark.parametrize(("name", "adds_up"), [("integrated_gradients", "yes"), ("cam", "yes"), ("saliency", "no")])
def test_the_table_says_whether_relevance_adds_up(name, adds_up, capsys):
    assert main(["methods"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith(name + " "))
    assert line.split()[-1] == adds_up
