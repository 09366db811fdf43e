from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from PIL import Image

from pellucid.attribution.method import METHODS
from pellucid.cli.main import main
from pellucid.networks.architectures.lead_net import LeadNet
from pellucid.networks.network import Network
from pellucid.records import read as reading

BUILD = """
from torch import nn

def build():
    return nn.Sequential(nn.Conv1d(2, 4, 5), nn.ReLU(), nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(4, 2))
"""


@pytest.fixture
def records(tmp_path):
    paths = []
    for number in range(2):
        path = tmp_path / f"ecg{number}.csv"
        values = "\n".join(f"{np.sin(i / 3 + number):.3f},{np.cos(i / 5):.3f}" for i in range(400))
        path.write_text(f"# sampling_rate=100\nI,II\n{values}\n")
        paths.append(str(path))
    return paths


@pytest.fixture
def network(tmp_path):
    shape = {"widths": (4, 4), "kernels": (5, 3), "strides": (4, 4), "dilations": (1, 1)}
    module = LeadNet(2, leads=2, **shape).eval()
    built = Network(module, ["AFIB", "STACH"], leads=["I", "II"], sampling_rate=100, length=400, thresholds=[0, 1])
    card = json.loads((built.save(tmp_path / "net") / "card.json").read_text())
    card["architecture"], card["architecture_settings"] = "lead_net", {"leads": 2, **shape}
    (tmp_path / "net" / "card.json").write_text(json.dumps(card))
    return str(tmp_path / "net")


def test_a_report_is_written_and_its_path_is_the_last_line(records, network, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["explain", *records, "--network", network, "--methods", "saliency,cam", "--out", str(out)]) == 0
    shown, said = capsys.readouterr()
    assert shown == f"{out / 'report.html'}\n"
    assert "ecg0: found AFIB" in said
    for name in ("ecg0", "ecg1"):
        saved = json.loads((out / name / "explanation.json").read_text())
        assert [(one["method"], one["target"]) for one in saved["attributions"]] == [
            ("saliency", "AFIB"),
            ("cam", "AFIB"),
        ]
        assert len(list((out / name).glob("*.png"))) == 2


def attributions(out, record="ecg0"):
    saved = json.loads((out / record / "explanation.json").read_text())
    return {one["method"]: one["settings"] for one in saved["attributions"]}


def test_of_a_picture_that_is_no_slice_a_warning_stands_beside_the_answer(tmp_path, monkeypatch, capsys):
    (tmp_path / "nets_of_slices.py").write_text(BUILD.replace("1d(2", "2d(1").replace("Pool1d", "Pool2d"))
    monkeypatch.syspath_prepend(tmp_path)
    board = np.kron(np.indices((16, 16)).sum(0) % 2 * 255, np.ones((8, 8))).astype(np.uint8)
    rows, columns = np.mgrid[-1:1:128j, -1:1:128j]
    head = np.where(np.hypot(rows, columns) < 0.8, 160, 0).astype(np.uint8)
    for name, pixels in (("board", board), ("head", head)):
        Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    asked = ["--network", "nets_of_slices:build", "--classes", "A,B", "--size", "16x16", "--methods", "saliency"]
    files = [str(tmp_path / "board.png"), str(tmp_path / "head.png")]
    assert main(["explain", *files, *asked, "--pictures", "none", "--out", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().err
    assert "warning: board: This does not look like a slice through a head" in said
    assert "warning: head" not in said


def test_settings_and_parts_are_given_by_name(records, network, tmp_path):
    out = tmp_path / "out"
    asked = ["--methods", "occlusion,lrp,lime,kernel-shap", "--parts", "lead-x-window", "--pictures", "none"]
    chosen = ["occlusion.window=80ms", "occlusion.channels=each", "lrp.rule=epsilon_plus", "lrp.eps=1e-3"]
    given = [word for text in (*chosen, "kernel-shap.samples=64", "lime.samples=64") for word in ("--set", text)]
    assert main(["explain", records[0], "--network", network, *asked, *given, "--out", str(out)]) == 0
    settings = attributions(out)
    assert {key: settings["occlusion"][key] for key in ("window", "baseline", "channels")} == {
        "window": 8,
        "baseline": "interpolation",
        "channels": "each",
    }
    assert (settings["lrp"]["rule"], settings["lrp"]["eps"]) == ("epsilon_plus", 1e-3)
    assert (settings["lime"]["parts"], settings["kernel_shap"]["parts"]) == ("lead x window", "lead x window")


def test_a_method_that_the_network_refuses_ends_the_call_before_the_files(records, network, tmp_path, capsys):
    out = tmp_path / "out"
    asked = ["explain", *records, "--network", network, "--out", str(out)]
    assert main([*asked, "--methods", "amplitude,attention_rollout"]) == 2
    shown, said = capsys.readouterr()
    assert shown == ""
    assert "attention_rollout makes no sense for network LeadNet: the module has no attention" in said
    assert "skipped" not in said
    assert not out.exists()


def test_of_all_methods_the_refused_are_named_once(records, network, tmp_path, capsys):
    out = tmp_path / "out"
    few = ["--set", "kernel_shap.samples=8", "--set", "lime.samples=8", "--set", "smooth_grad.samples=2"]
    asked = ["explain", *records, "--network", network, "--methods", "all", *few, "--pictures", "none"]
    assert main([*asked, "--out", str(out)]) == 0
    said = capsys.readouterr().err
    for name in ("attention_lrp", "attention_rollout"):
        assert said.count(f"{name} left out: the module has no attention") == 1
    assert list(attributions(out)) == list(attributions(out, "ecg1"))
    assert set(METHODS) - set(attributions(out)) == {"attention_lrp", "attention_rollout"}


def test_one_bad_file_is_named_and_skipped(records, network, tmp_path, capsys):
    bad = tmp_path / "bad.csv"
    bad.write_text("nothing")
    arguments = ["explain", records[0], str(bad), "--network", network, "--methods", "amplitude", "--pictures", "none"]
    assert main([*arguments, "--targets", "STACH", "--out", str(tmp_path / "out"), "--json"]) == 1
    shown, said = capsys.readouterr()
    told = json.loads(shown)
    findings = json.loads((tmp_path / "out" / "ecg0" / "explanation.json").read_text())["provenance"]["findings"]
    assert findings
    assert told == {
        "report": str(tmp_path / "out" / "report.html"),
        "records": [{"record": "ecg0", "found": ["AFIB"], "findings": findings}],
        "skipped": [str(bad)],
    }
    assert f"error: {bad} skipped" in said
    assert not list((tmp_path / "out").glob("*/*.png"))


def test_without_a_good_file_there_is_no_report(network, tmp_path, capsys):
    assert main(["explain", str(tmp_path / "no.csv"), "--network", network, "--out", str(tmp_path / "out")]) == 1
    assert capsys.readouterr().out == ""
    assert not (tmp_path / "out").exists()


def test_a_network_of_ones_own(records, tmp_path, monkeypatch, capsys):
    (tmp_path / "own_nets.py").write_text(BUILD)
    monkeypatch.syspath_prepend(tmp_path)
    from own_nets import build  # written just above

    torch.save(build().state_dict(), tmp_path / "own.pt")
    described = ["--classes", "AF,SR", "--leads", "II,I", "--sampling-rate", "50", "--length", "200"]
    own = ["--network", "own_nets:build", "--weights", str(tmp_path / "own.pt"), *described]
    arguments = ["explain", records[0], *own, "--activation", "softmax", "--methods", "grad_cam", "--layer", "0"]
    assert main([*arguments, "--pictures", "none", "--out", str(tmp_path / "out")]) == 0
    saved = json.loads((tmp_path / "out" / "ecg0" / "explanation.json").read_text())
    assert set(saved["probabilities"]) == {"AF", "SR"}
    assert sum(saved["probabilities"].values()) == pytest.approx(1)
    assert saved["provenance"]["record"]["leads"] == ["II", "I"]
    assert saved["attributions"][0]["settings"]["layer"] == "0"
    arguments = ["explain", records[0], "--network", "own_nets:build", "--out", str(tmp_path / "other")]
    assert main(arguments) == 2
    assert "needs --classes" in capsys.readouterr().err
    assert main([*arguments, *described[2:], "--classes", "AF,SR,MI"]) == 2
    assert "one for each of its 3 classes; got (1, 2)" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_an_interruption_keeps_what_is_done(records, network, tmp_path, monkeypatch, capsys):
    usual = reading.read

    def read(path):
        if path.stem == "ecg1":
            raise KeyboardInterrupt
        return usual(path)

    monkeypatch.setattr(reading, "read", read)
    arguments = ["--network", network, "--methods", "amplitude", "--pictures", "none", "--out", str(tmp_path / "out")]
    assert main(["explain", *records, *arguments]) == 130
    shown, said = capsys.readouterr()
    assert shown == ""
    assert f"the report on 1 of 2 is {tmp_path / 'out' / 'report.html'}\ninterrupted\n" in said
    assert (tmp_path / "out" / "ecg0" / "explanation.json").is_file()
    assert "ecg0" in (tmp_path / "out" / "report.html").read_text()


def test_an_interruption_between_methods_keeps_those_that_have_answered(
    records, network, tmp_path, monkeypatch, capsys
):
    def stop(method, run):
        raise KeyboardInterrupt

    monkeypatch.setattr(METHODS["random"], "relevance", stop)
    arguments = ["--network", network, "--methods", "amplitude,random", "--pictures", "none"]
    assert main(["explain", records[0], *arguments, "--out", str(tmp_path / "out")]) == 130
    assert f"the report on 1 of 1 is {tmp_path / 'out' / 'report.html'}\ninterrupted\n" in capsys.readouterr().err
    saved = json.loads((tmp_path / "out" / "ecg0" / "explanation.json").read_text())
    assert [one["method"] for one in saved["attributions"]] == ["amplitude"]
    assert "Interrupted: random has not answered." in (tmp_path / "out" / "report.html").read_text()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--methods", "lrq"], "method 'lrq' is not known"),
        (["--classes", "a,b"], "--classes belongs to package.module:function"),
        (["--weights", "w.pt"], "--weights belongs to package.module:function"),
        (["--size", "wide"], "ROWSxCOLUMNS"),
        (["--thresholds", "a"], "numbers with commas"),
        (["--network", "ecg-sx"], "ecg-sx"),
        (["--pictures", "pgn"], "picture format must be one of png, svg, pdf; got 'pgn'"),
        (["--targets", "AFBI"], "class 'AFBI' is not known; known: AFIB, STACH. Did you mean 'AFIB'?"),
        (["--targets", ","], "--targets must be found, all, or classes with commas"),
        (["--methods", ","], "--methods must be names with commas, or all"),
        (["--parts", "leeds"], "parts 'leeds' is not known; known: lead, lead x window"),
        (["--set", "occlusion.window"], "--set must be METHOD.SETTING=VALUE, as occlusion.window=120ms"),
        (["--set", "window=3"], "--set must be METHOD.SETTING=VALUE"),
        (["--set", "lrp.rule=x"], "settings: method 'lrp' is not known; known: integrated_gradients, cam"),
        (["--methods", "lrp", "--set", "lrp.rul=x"], "Did you mean 'rule'"),
        (["--methods", "lrp", "--set", "lrp.eps=few"], "method 'lrp': eps"),
        (["--methods", "lrp", "--set", "lrp.eps=1", "--set", "lrp.eps=2"], "--set gives lrp.eps twice"),
    ],
)
def test_wrong_use_is_said_before_any_work(records, network, more, words, tmp_path, capsys):
    arguments = ["explain", records[0], "--network", network, "--out", str(tmp_path / "out")]
    if more[0] == "--network":
        arguments = arguments[:2] + arguments[4:]
    assert main([*arguments, *more]) == 2
    shown, said = capsys.readouterr()
    assert shown == ""
    assert words in said
    assert not (tmp_path / "out").exists()
