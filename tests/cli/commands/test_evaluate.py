from __future__ import annotations

import json

import pytest

from pellucid.cli.main import main

TOY = """
import torch
from pellucid.networks.network import Network


class Size(torch.nn.Module):
    def forward(self, x):
        return x.std(dim=-1)[:, :2] * 4 - 1


def build():
    return Network(Size(), ["AF", "RBBB"], sampling_rate=100, length=1000, name="size")


def bare():
    return Size()
"""


@pytest.fixture
def toy(tmp_path, monkeypatch):
    (tmp_path / "toy_of_evaluate.py").write_text(TOY, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return ["simulated:14", "--network", "toy_of_evaluate:build", "--draws", "5"]


def test_a_network_on_a_data_set(toy, tmp_path, capsys):
    assert main(["evaluate", *toy, "--out", "scores"]) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert lines[0] == "size on simulated"
    assert [line.split()[0] for line in lines[2:]] == ["AFIB", "CRBBB", "macro"]
    assert "note: 14 records of 14 patients." in told.err
    content = json.loads((tmp_path / "scores" / "metrics.json").read_text(encoding="utf-8"))
    assert content["classes"]["AFIB"]["support"] == 2
    assert content["classes"]["AFIB"]["few_positives"] is True
    assert content["classes"]["CRBBB"]["threshold"] == 0.5
    assert content["data"]["folds"] == [1, 2]
    assert content["network"]["name"] == "size"


def test_folds_classes_and_thresholds_are_chosen(toy, capsys):
    assert main(["evaluate", *toy, "--folds", "2", "--choose-folds", "1", "--classes", "CRBBB", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert list(content["classes"]) == ["CRBBB"]
    assert content["data"]["folds"] == [2]
    assert content["data"]["records"] == 7
    assert any("maximal F1 on 7 records of fold 1" in note for note in content["notes"])
    assert (
        main(["evaluate", *toy, "--folds", "1-2", "--thresholds", "0.25", "--records", "any-of-classes", "--json"]) == 0
    )
    content = json.loads(capsys.readouterr().out)
    assert content["classes"]["AFIB"]["threshold"] == 0.25
    assert content["data"]["selection"] == "any-of-classes"
    assert content["data"]["records"] == 4


def test_a_bare_module_is_described_by_options(toy, capsys):
    words = ["evaluate", toy[0], "--network", "toy_of_evaluate:bare", "--draws", "0", "--json"]
    assert main(words) == 2
    assert "needs --network-classes, and --sampling-rate" in capsys.readouterr().err
    described = ["--network-classes", "AF,RBBB", "--sampling-rate", "100", "--length", "1000"]
    assert main([*words, *described, "--classes", "CRBBB", "--records", "any_of_classes"]) == 0
    content = json.loads(capsys.readouterr().out)
    assert content["network"]["classes"] == ["AF", "RBBB"]
    assert list(content["classes"]) == ["CRBBB"]
    assert content["data"]["records"] == 2


def test_published_decisions(shared, capsys):
    folder = shared / "data" / "code_test" / "annotations"
    files = ["--predictions", str(folder / "dnn.csv"), "--labels", str(folder / "gold_standard.csv")]
    assert main(["evaluate", *files, "--draws", "0", "--json"]) == 0
    content = json.loads(capsys.readouterr().out)
    f1 = [round(one["f1"]["value"], 3) for one in content["classes"].values()]
    assert f1 == [0.897, 0.944, 1.0, 0.882, 0.870, 0.960]
    assert content["macro"]["auc"] == {
        "value": None, "low": None, "high": None, "reason": "decisions, not probabilities",
    }  # fmt: skip
    assert content["data"]["labels"]["file"] == "gold_standard.csv"
    assert content["network"] is None


def test_stored_probabilities_take_their_order_from_the_classes(shared, capsys):
    folder = shared / "data" / "code_test"
    gold = str(folder / "annotations" / "gold_standard.csv")
    files = ["--predictions", str(folder / "dnn_probabilities.npy"), "--labels", gold, "--draws", "0", "--json"]
    assert main(["evaluate", *files, "--classes", "six"]) == 0
    by_name = json.loads(capsys.readouterr().out)
    assert by_name["macro"]["auc"]["value"] > 0.99
    assert by_name["macro"]["f1"]["reason"] == "no threshold"
    assert main(["evaluate", *files, "--classes", "1dAVb,RBBB,LBBB,SB,AF,ST"]) == 0
    assert json.loads(capsys.readouterr().out)["macro"] == by_name["macro"]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ([], "needs DATASET and --network"),
        (["simulated:7"], "needs DATASET and --network"),
        (["--predictions", "a.csv"], "must be given together"),
        (["simulated:7", "--predictions", "a.csv", "--labels", "b.csv"], "in place of a data set"),
        (["--predictions", "a.csv", "--labels", "b.csv"], "b.csv is not there"),
        (["simulated:7", "--network", "nothing-like-it"], "is not known"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--folds", "ten"], "folds must be numbers"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--folds", "1-"], "folds must be numbers"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--folds", "10-8"], "must rise, as 8-10; got 10-8"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--thresholds", "5"], "thresholds must be probabilit"),
        (["--predictions", "a.csv", "--labels", "b.csv", "--unit", "mV"], "in place of a data set"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--thresholds", "x"], "thresholds must be numbers"),
        (["simulated:7", "--network", "toy_of_evaluate:build", "--classes", "STACH"], "it lacks STACH"),
        (["simulated:7", "--network", ".", "--weights", "w.pt"], "has its own card"),
    ],
)
def test_wrong_use_is_told(toy, words, told, capsys):
    assert main(["evaluate", *words]) == 2
    assert told in capsys.readouterr().err


def test_a_split_by_slice_is_no_test(toy, tmp_path, capsys):
    for label in ("AF", "RBBB"):
        (tmp_path / "slices" / label).mkdir(parents=True)
        (tmp_path / "slices" / label / "1.png").write_bytes(b"never read")
    words = ["evaluate", f"image-folder:{tmp_path / 'slices'}", *toy[1:]]
    assert main(words) == 2
    assert "names no patients, so its parts are split by slice" in capsys.readouterr().err
    assert main([*words, "--by-slice"]) == 2  # no longer refused for that, but for its classes
    assert "must know all codes" in capsys.readouterr().err


def test_a_bare_module_for_slices_is_given_its_size(tmp_path, monkeypatch, capsys):
    (tmp_path / "slices_of_evaluate.py").write_text(
        "from torch import nn\ndef build():\n"
        "    return nn.Sequential(nn.AvgPool2d((24, 8)), nn.Flatten(), nn.Linear(3, 4))\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    bare = ["--network", "slices_of_evaluate:build", "--size", "24x24", "--activation", "softmax"]
    names = "glioma_tumor,meningioma_tumor,no_tumor,pituitary_tumor"
    assert main(["evaluate", "phantoms:8", *bare, "--network-classes", names, "--draws", "0", "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)["classes"]) == set(names.split(","))


def test_the_notes_of_a_data_set_are_kept(toy, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("pellucid.datasets.catalog.simulated.Simulated.patients_known", False)
    assert main(["evaluate", *toy, "--out", "scores"]) == 0
    told = capsys.readouterr()
    assert told.out.splitlines()[0] == "size on simulated, patients unknown"
    assert "note: This set names no patients" in told.err
    content = json.loads((tmp_path / "scores" / "metrics.json").read_text(encoding="utf-8"))
    assert any("names no patients" in note for note in content["notes"])
    assert content["data"]["patients"] is None


def test_an_unreadable_ecg_is_skipped_and_listed(toy, tmp_path, small_ptbxl, capsys):
    (small_ptbxl / "records100" / "00000" / "00002_lr.dat").write_bytes(b"cut")
    words = ["evaluate", f"ptbxl:{small_ptbxl}", *toy[1:], "--folds", "9,10", "--out", "scores"]
    assert main(words) == 1
    told = capsys.readouterr().err
    assert "error: 2 skipped: record" in told
    assert "note: 1 of 3 records could not be read: they are not scored." in told
    content = json.loads((tmp_path / "scores" / "metrics.json").read_text(encoding="utf-8"))
    assert list(content["data"]["skipped"]) == ["2"]
    assert content["data"]["records"] == 2


def test_an_unknown_class_is_told_with_its_option(toy, capsys):
    assert main(["evaluate", *toy, "--classes", "AFBI"]) == 2
    assert "data set simulated, --classes: class 'AFBI' is not known" in capsys.readouterr().err
