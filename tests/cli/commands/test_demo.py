"""`pellucid demo`: the report is there, its path ends the output, mistakes are shown as mistakes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from pellucid.cli.commands import demo as command
from pellucid.cli.main import main
from pellucid.explanation.explain import explain
from pellucid.networks.store import load
from pellucid.simulation.patients import simulate


def test_it_ends_with_the_reports_path(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "KINDS", (("CRBBB",), ()))
    assert main(["demo", "--out", str(tmp_path / "a folder")]) == 0
    lines = capsys.readouterr().out.rstrip("\n").split("\n")
    assert lines[-1] == str(tmp_path / "a folder" / "report.html")
    page = Path(lines[-1]).read_text(encoding="utf-8")
    assert "Simulated patients" in page
    table = [line.split() for line in lines]
    assert ["simulated_NORM_1001", "normal", "none", "of", "the", "six", "right"] in table
    places = next(row for row in table if row[:2] == ["simulated_CRBBB_1000", "CRBBB"] and len(row) > 4)
    gradients, amplitude, random = float(places[2]), float(places[6]), float(places[8])
    assert gradients > amplitude > random
    assert random == pytest.approx(1, abs=0.1)


def test_a_patient_the_network_gets_wrong_is_shown_as_wrong() -> None:
    network = load("ecg-six")
    blind = type(network).of(network.module, replace(network.card, thresholds=(1.0,) * 6))
    patient = simulate(["CRBBB"], seed=1000)
    explanation = command._explained(patient, blind)
    assert explanation.targets == ("CRBBB",)
    (row,) = command._answers([patient], [explanation])
    assert row["verdict"] == "WRONG: missed CRBBB"
    healthy = simulate([], seed=1)
    eager = type(network).of(network.module, replace(network.card, thresholds=(0.0, 1.0, 1.0, 1.0, 1.0, 1.0)))
    (row,) = command._answers([healthy], [explain(healthy.record, eager, methods="amplitude")])
    assert row["verdict"] == "WRONG: 1AVB is not there"
