from __future__ import annotations

import json

import pytest

from pellucid import Network
from pellucid.cli.main import main
from pellucid.networks import store
from pellucid.networks.architectures.lead_net import LeadNet

AUC = {"value": 0.98765, "low": 0.98, "high": 0.99}
SCORING = {"data": "ptbxl, fold 10, test", "records": 2198, "macro": {"auc": AUC}}


@pytest.fixture
def bundle(tmp_path, monkeypatch):
    """One small network in place of the bundled ones."""
    module = LeadNet(2, widths=(4, 4), kernels=(3, 3), strides=(2, 2), dilations=(1, 1))
    network = Network(module, classes=["AFIB", "STACH"], leads="standard", sampling_rate=100, length=1000, name="small")
    store.save(network, tmp_path / "small")
    card = json.loads((tmp_path / "small" / "card.json").read_text())
    (tmp_path / "small" / "card.json").write_text(json.dumps({**card, "metrics": [SCORING], "licence": "CC BY 4.0"}))
    monkeypatch.setattr(store, "BUNDLED", tmp_path)
    return tmp_path / "small"


def test_the_json_has_size_classes_and_metrics(bundle, capsys):
    assert main(["networks", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    (network,) = content["networks"]
    assert network["classes"] == ["AFIB", "STACH"]
    assert network["bytes"] == sum(path.stat().st_size for path in bundle.iterdir())
    assert network["metrics"] == [SCORING]
    assert network["licence"] == "CC BY 4.0"
    assert {"lead_net", "ribeiro_resnet"} <= {kind["architecture"] for kind in content["architectures"]}


def test_the_table_has_the_score_with_its_interval(bundle, capsys):
    assert main(["networks"]) == 0
    lines = capsys.readouterr().out.splitlines()
    (line,) = (line for line in lines if line.startswith("small "))
    assert "0.988 (0.980 to 0.990) on ptbxl, fold 10, test" in line
    assert "AFIB, STACH" in line
    assert any(line.startswith("ribeiro_resnet ") for line in lines)


def test_without_bundled_networks_the_architectures_are_listed(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(store, "BUNDLED", tmp_path)
    assert main(["networks"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("Architectures\n")
    assert "lead_net" in out
