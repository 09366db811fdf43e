from __future__ import annotations

import pytest

from pellucid.attribution.method import METHODS, method
from pellucid.core.errors import InvalidInputError, SettingError, UnknownNameError
from pellucid.explanation.choice import chosen, refusals


def test_the_default_is_integrated_gradients_and_the_lead_shares(additive, mixed):
    assert list(chosen(None, additive)[0]) == ["integrated_gradients", "cam"]
    assert list(chosen(None, mixed)[0]) == ["integrated_gradients"]
    assert chosen(None, mixed)[1] is False


def test_all_methods_may_be_left_out_and_floors_come_last(additive):
    methods, optional = chosen("ALL", additive)
    assert optional
    assert set(methods) == set(METHODS)
    assert list(methods)[:2] == ["integrated_gradients", "cam"]
    assert list(methods)[-2:] == ["amplitude", "random"]


def test_occlusion_of_an_ecg_takes_a_beats_measure(mixed, slices):
    usual = chosen("occlusion", mixed)[0]["occlusion"]
    assert (usual.window, usual.baseline) == (15, "interpolation")
    own = chosen(("occlusion", {"baseline": "mean"}), mixed)[0]["occlusion"]
    assert (own.window, own.baseline) == (15, "mean")
    assert chosen(method("occlusion"), mixed)[0]["occlusion"] == method("occlusion")
    assert chosen("occlusion", slices)[0]["occlusion"] == method("occlusion")


def test_times_are_samples_at_any_depth(mixed):
    inner = {"name": "occlusion", "window": "80ms", "stride": ["16 ms"]}
    asked = chosen(("smooth_grad", {"of": inner, "samples": 2}), mixed)[0]["smooth_grad"]
    assert asked.of == {"name": "occlusion", "window": 10, "stride": [2]}
    with pytest.raises(SettingError, match=r"at least one sample, .* ms .* got '0\.1ms'"):
        chosen(("occlusion", {"window": "0.1ms", "stride": 1}), mixed)


def test_settings_beside_the_names(additive):
    beside = {"Lrp": {"rule": "epsilon_plus"}, "occlusion": {"window": "200ms"}}
    methods, _ = chosen("all", additive, beside)
    assert methods["lrp"].rule == "epsilon_plus"
    assert (methods["occlusion"].window, methods["occlusion"].baseline) == (20, "interpolation")
    assert chosen(None, additive, {"integrated_gradients": {"steps": 4}})[0]["integrated_gradients"].steps == 4


@pytest.mark.parametrize(
    ("methods", "settings", "error", "words"),
    [
        ("lrp", {"lpr": {}}, UnknownNameError, "settings: method 'lpr' is not known; known: lrp. Did you mean 'lrp'"),
        ("lrp", {"lrp": {"rul": 1}}, SettingError, "Did you mean 'rule'"),
        (("random", {"seed": 1}), {"random": {"seed": 2}}, SettingError, "must be given once; got seed twice"),
        (method("random"), {"random": {"seed": 2}}, SettingError, "are in it already; got seed beside it"),
        ([3], None, InvalidInputError, "a name, a Method or"),
        ([], None, InvalidInputError, "at least one method"),
    ],
)
def test_wrong_choices_are_errors_in_words(additive, methods, settings, error, words):
    with pytest.raises(error, match=words):
        chosen(methods, additive, settings)


def test_a_time_makes_no_sense_for_pixels(slices):
    with pytest.raises(SettingError, match="'120ms' is a time; network brain reads slices"):
        chosen(("occlusion", {"window": "120ms"}), slices)


def test_what_the_network_refuses_is_known_without_a_record(additive, mixed, slices):
    def refused(network):
        return set(refusals(chosen("all", network)[0], network))

    attention = {"attention_lrp", "attention_rollout"}
    assert refused(additive) == attention
    assert refused(mixed) == refused(slices) == {*attention, "lead_grad_cam"}
    inside = {"smooth": method("smooth_grad", of={"name": "attention_lrp"}), "lime": method("lime")}
    reasons = refusals(inside, additive)
    assert list(reasons) == ["smooth"]
    assert "no attention" in reasons["smooth"]
