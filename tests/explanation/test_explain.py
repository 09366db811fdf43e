from __future__ import annotations

import numpy as np
import pytest
import torch

import zoo
from pellucid.attribution.method import METHODS, Method, method
from pellucid.core.errors import Interrupted, InvalidInputError, NotApplicableError, SettingError, UnknownNameError
from pellucid.explanation.choice import refusals
from pellucid.explanation.explain import explain
from pellucid.networks.architectures.ecg_conv_attention_net import EcgConvAttentionNet
from pellucid.networks.network import Network
from pellucid.records.ecg import EcgRecord
from pellucid.simulation.patients import simulate


def test_by_default_integrated_gradients_with_the_lead_shares_beside_them(record, additive):
    explanation = explain(record, additive)
    assert explanation.methods == ("integrated_gradients", "cam")
    assert explanation.targets == explanation.prediction.found == ("1AVB", "AFIB")
    for (label, name), shown in explanation.maps.items():
        assert shown.relevance.shape == record.signal.shape
        assert (shown.method, shown.target) == (label, name)
        assert shown.relevance.sum() + shown.base == pytest.approx(shown.score, abs=abs(shown.score) * 0.02)
        assert shown.score == pytest.approx(explanation.prediction.logits[additive.classes.index(name)], abs=1e-5)
        assert (shown.kind, shown.outside, shown.empty, shown.leads_apart) == ("signed", 0.0, False, True)
    shares = explanation["cam", "AFIB"].by_lead()
    exact = additive.module.additive_map(additive.prepare(record).inputs).maps[0, 2].sum(1).numpy()
    assert np.allclose(shares["positive"] + shares["negative"], exact, atol=1e-5)
    assert explanation.notes[-1] == "This is what the network used, not a diagnosis."


def test_relevance_stands_where_the_signal_stood(record, additive):
    answer = method("saliency")(additive.module, additive.prepare(record).inputs, target=2).relevance[0].numpy()
    shown = explain(record, additive, methods="saliency", targets="AFIB")["saliency", "AFIB"].relevance
    strongest = np.unravel_index(answer.argmax(), answer.shape)
    found = np.unravel_index(shown.argmax(), shown.shape)
    assert found[0] == strongest[0]
    assert abs(found[1] / 250 - strongest[1] / 100) <= 0.02
    assert shown.sum() == pytest.approx(answer.sum(), rel=1e-5)


def test_nothing_found_explains_the_most_probable_class_and_says_so(record, mixed):
    explanation = explain(record, mixed, methods="saliency")
    assert explanation.prediction.found == ()
    assert explanation.targets == (explanation.prediction.top,)
    assert "None of the three is not the same as normal." in explanation.notes[0]


def test_a_map_over_time_is_shared_by_all_leads_and_says_so(record, mixed):
    explanation = explain(record, mixed, methods=[("grad_cam", {"relu": False})], targets="all")
    shown = explanation["grad_cam", "AFIB"]
    assert shown.relevance.shape == (12, 1000)
    assert np.ptp(shown.relevance, axis=0).max() == 0
    assert not shown.leads_apart
    assert any("says when, not in which lead" in note for note in explanation.notes)
    assert len([note for note in explanation.notes if "not in which lead" in note]) == 1


def test_relevance_on_padding_is_told_and_left_out(record, mixed):
    explanation = explain(record, mixed, methods="random", targets="AFIB")
    shown = explanation["random", "AFIB"]
    prepared = mixed.prepare(record)
    own = method("random")(mixed.module, prepared.inputs, target=2).relevance[0].numpy()
    assert shown.outside == pytest.approx(own[:, ~prepared.valid].sum() / own.sum())
    assert shown.outside == pytest.approx(1 / 6, abs=0.01)
    assert shown.relevance.sum() == pytest.approx(own[:, prepared.valid].sum(), rel=1e-5)
    assert f"random, AFIB: {shown.outside:.0%} of the relevance stands on padding" in " ".join(explanation.notes)
    assert any("zeros were added" in note for note in explanation.notes)


def test_a_slice_is_explained_pixel_by_pixel(picture, slices):
    explanation = explain(picture, slices, methods=["saliency", "grad_cam", "cam"], targets="all")
    for shown in explanation.maps.values():
        assert shown.relevance.shape == (20, 30)
        assert shown.leads == ()
    cam = explanation["cam", "glioma"]
    assert cam.relevance.sum() + cam.base == pytest.approx(cam.score, abs=1e-4)
    assert explain(picture, slices).methods == ("integrated_gradients",)


def test_methods_are_said_in_many_ways(record, additive):
    asked = ["saliency", ("saliency", {"signed": True}), method("grad_cam"), ("random", {"seed": 3})]
    explanation = explain(record, additive, methods=asked, targets="AFIB")
    assert explanation.methods == ("saliency", "saliency(signed=True)", "grad_cam", "random")
    assert explanation["saliency(signed=True)", "AFIB"].kind == "signed"
    assert explanation["random", "AFIB"].settings["seed"] == 3
    assert explain(record, additive, methods=("random", {"seed": 3}), targets="AFIB").methods == ("random",)


def test_all_methods_leave_out_what_makes_no_sense(record, additive, mixed):
    few = {"kernel_shap": {"samples": 8}, "lime": {"samples": 8}, "smooth_grad": {"samples": 2}}
    everything = explain(record, additive, methods="all", targets="AFIB", parts="lead x window", settings=few)
    assert everything.methods[:2] == ("integrated_gradients", "cam")
    assert everything.methods[-2:] == ("amplitude", "random")
    assert set(METHODS) - set(everything.methods) == {"attention_lrp", "attention_rollout"}
    for name in ("attention_lrp", "attention_rollout"):
        assert sum(note.startswith(f"{name} left out: the module has no attention") for note in everything.notes) == 1
    mixed.module.insert(2, torch.nn.Flatten())
    mixed.module[3], mixed.module[4] = torch.nn.Identity(), torch.nn.Identity()
    mixed.module[5] = torch.nn.Linear(6 * 300, 3)
    explanation = explain(record, mixed, methods="all", targets="AFIB", parts="lead x window", settings=few)
    assert "cam" not in explanation.methods
    assert any(note.startswith("cam left out: a class activation map needs") for note in explanation.notes)
    with pytest.raises(NotApplicableError, match="mean pooling"):
        explain(record, mixed, methods=["cam", "saliency"])


@pytest.mark.parametrize(
    ("targets", "expected"),
    [("afib", ("AFIB",)), (["AFIB", "1AVB"], ("AFIB", "1AVB")), ("all", ("1AVB", "CRBBB", "AFIB"))],
)
def test_targets_by_name(record, additive, targets, expected):
    assert explain(record, additive, methods="amplitude", targets=targets).targets == expected


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        ({"targets": "AFLT"}, UnknownNameError, "'AFLT' is not known; known: 1AVB, CRBBB, AFIB"),
        ({"targets": []}, InvalidInputError, "at least one class"),
        ({"methods": []}, InvalidInputError, "at least one method"),
        ({"methods": ["lrq"]}, UnknownNameError, "method 'lrq'"),
        ({"methods": [3]}, InvalidInputError, "a name, a Method or"),
        ({"methods": ["random", "random"]}, SettingError, "asked for twice"),
        ({"methods": [("random", {"sed": 1})]}, SettingError, "Did you mean 'seed'"),
        ({"parts": "leed"}, UnknownNameError, "parts 'leed'"),
    ],
)
def test_wrong_questions_are_errors_in_words(record, additive, arguments, error, words):
    with pytest.raises(error, match=words):
        explain(record, additive, **arguments)


def test_a_class_that_is_not_found_is_explained_and_called_so(record, additive):
    notes = explain(record, additive, methods="amplitude", targets=["AFIB", "CRBBB"]).notes
    assert any(note.startswith("CRBBB is not found by the network") for note in notes)


def test_findings_and_reserves_stand_in_the_notes(record, additive):
    signal = record.signal.copy()
    signal[4] = 0
    explanation = explain(
        EcgRecord(signal=signal, sampling_rate=250, name="flat"),
        additive,
        methods=("integrated_gradients", {"steps": 1, "tolerance": 1e-9}),
        targets="AFIB",
    )
    assert "flat" in {finding.kind for finding in explanation.findings}
    assert {finding.text for finding in explanation.findings} <= set(explanation.notes)
    shown = explanation["integrated_gradients", "AFIB"]
    assert "more steps than 1" in shown.warnings[0]
    assert f"integrated_gradients, AFIB: {shown.warnings[0]}." in explanation.notes


def test_the_layer_of_the_card_is_looked_at(record, mixed, additive):
    shown = explain(record, additive, methods="grad_cam", targets="AFIB")["grad_cam", "AFIB"]
    assert shown.settings["layer"] == "features"
    assert shown.leads_apart
    chosen = explain(record, mixed, methods=("grad_cam", {"layer": "0"}), targets="AFIB")["grad_cam", "AFIB"]
    assert chosen.settings["layer"] == "0"


def test_leads_are_the_networks_in_its_order(record, additive):
    fewer = record.select(["II", "I", "V1", "V2", "V3", "V4", "V5", "V6"])
    explanation = explain(fewer, additive, methods="amplitude", targets="AFIB")
    assert explanation.record.leads == additive.card.preparation.leads
    assert explanation["amplitude", "AFIB"].leads == explanation.record.leads
    assert any("derived from I and II" in note for note in explanation.notes)


def test_provenance_changes_with_weights_and_settings(record, additive):
    first = explain(record, additive, methods=("random", {"seed": 1}), targets="AFIB").provenance
    assert first["methods"] == {"random": {"name": "random", "seed": 1}}
    with torch.no_grad():
        additive.module.head.bias += 1
    second = explain(record, additive, methods=("random", {"seed": 1}), targets="AFIB").provenance
    assert first["network"]["weights"] != second["network"]["weights"]
    assert first["network"]["name"] == "add"


def test_one_window_over_all_leads_says_when_and_not_in_which_lead(record, mixed):
    shown = explain(record, mixed, methods=["occlusion", "amplitude"], targets="AFIB")
    found = shown["occlusion", "AFIB"]
    assert not found.leads_apart
    assert found.by_lead().empty
    # 120 ms at 125 Hz are 15 samples; the attribution itself holds the same map for each lead.
    assert found.settings["window"] == 15
    assert found.settings["baseline"] == "interpolation"
    asked = method("occlusion", window=15, baseline="interpolation")
    own = asked(mixed.module, mixed.prepare(record).inputs, target=2).relevance[0].double().numpy()
    inside = own[0, mixed.prepare(record).valid]
    assert found.relevance.sum() == pytest.approx(inside.sum(), rel=1e-5)
    assert shown["amplitude", "AFIB"].leads_apart
    one_by_one = explain(record, mixed, methods=("occlusion", {"channels": "each", "window": "500ms"}), targets="AFIB")
    assert one_by_one["occlusion", "AFIB"].leads_apart


def test_leads_are_the_parts_of_shapley_values_and_windows_those_of_lime(record, additive):
    shown = explain(record, additive, methods=["kernel_shap", ("lime", {"samples": 256})], targets="AFIB")
    found = shown["kernel_shap", "AFIB"]
    # In an additive network leads do not interact: the value of a lead is what is lost without it.
    inputs = additive.prepare(record).inputs
    without = inputs.repeat(12, 1, 1)
    without[range(12), range(12)] = 0
    with torch.no_grad():
        lost = (additive.module(inputs)[:, 2] - additive.module(without)[:, 2]).numpy()
    assert np.allclose(found.relevance.sum(axis=1), lost, atol=1e-5)
    assert found.settings["parts"] == shown.provenance["methods"]["kernel_shap"]["parts"] == "lead"
    assert shown["lime", "AFIB"].settings["parts"] == "lead x window"
    assert any(note.startswith("kernel_shap and lime replace limb leads one by one") for note in shown.notes)


def test_the_scores_of_tokens_lie_on_the_leads_that_they_are_of(record):
    shape = {"sampling_rate": 500, "length": 5000}
    network = Network(zoo.seeded(EcgConvAttentionNet(2)), ["A", "B"], **shape)
    shown = explain(record, network, methods=["attention_rollout", "attention_lrp"], targets="B")
    asked = {"target": 1, "parts": torch.arange(12)[:, None]}
    answer = method("attention_rollout")(network.module, network.prepare(record).inputs, **asked)
    tokens = answer.details["tokens"][0].numpy()
    shares = shown["attention_rollout", "B"].by_lead()["share"].to_numpy()
    assert shares == pytest.approx(tokens / tokens.sum(), rel=1e-5)
    entropy = f"entropy of the tokens' scores {float(answer.details['entropy']):.1%} of the largest possible"
    assert [entropy in note for note in shown.notes].count(True) == 1
    assert shown["attention_lrp", "B"].leads_apart
    both = {"rollout": method("attention_rollout"), "smooth": method("smooth_grad", of={"name": "attention_rollout"})}
    assert refusals(both, network) == {}
    leaky = Network(EcgConvAttentionNet(2, leaky=True), ["A", "B"], **shape)
    assert "scores 12 tokens; where they lie" in refusals(both, leaky)["rollout"]


def test_a_slices_parts_are_superpixels(picture, slices):
    pytest.importorskip("skimage")
    shown = explain(picture, slices, methods=("lime", {"samples": 32}), targets="glioma")["lime", "glioma"]
    assert shown.relevance.shape == (20, 30)
    assert shown.settings["parts"] is None


def test_waves_are_found_once_for_all_maps(additive):
    patient = simulate([], seed=3, seconds=4, sampling_rate=250)
    explanation = explain(patient.record, additive, methods=["saliency", "amplitude"], targets="all")
    tables = {key: shown.by_wave() for key, shown in explanation.maps.items()}
    assert len({id(shown.waves) for shown in explanation.maps.values()}) == 1
    for table in tables.values():
        assert table["share"].sum() == pytest.approx(1)
        assert table["time"].sum() == pytest.approx(1)
    tall = tables["amplitude", "AFIB"].groupby("wave")[["share", "time"]].sum()
    assert tall.share["QRS"] / tall.time["QRS"] > 1.5
    assert tall.share["between"] / tall.time["between"] < 0.7


class Stopped(Method):
    """As Ctrl-C would stop it."""

    def relevance(self, run):
        raise KeyboardInterrupt


def test_an_interruption_keeps_the_methods_that_have_answered(record, additive):
    with pytest.raises(
        Interrupted, match=r"1 of 3 methods; the exception's \.finished holds their Explanation"
    ) as stop:
        explain(record, additive, methods=["saliency", Stopped(), "amplitude"], targets="AFIB")
    found, alone = stop.value.finished, explain(record, additive, methods="saliency", targets="AFIB")
    assert found.methods == ("saliency",)
    assert found.notes == ("Interrupted: stopped and amplitude have not answered.", *alone.notes)
    assert np.array_equal(found["saliency", "AFIB"].relevance, alone["saliency", "AFIB"].relevance)


def test_an_interruption_before_any_method_has_answered_goes_on(record, additive):
    with pytest.raises(KeyboardInterrupt) as stop:
        explain(record, additive, methods=[Stopped(), "amplitude"], targets="AFIB")
    assert not isinstance(stop.value, Interrupted)
