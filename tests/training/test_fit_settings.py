"""Settings of a fit: what is left open, and what is wrong."""

from __future__ import annotations

import pytest

from pellucid.core.errors import SettingError
from pellucid.core.settings import decode
from pellucid.training.fit_settings import FitSettings, PictureAugmentationSettings


def test_what_is_left_open_depends_on_the_architecture_and_stays_once_settled() -> None:
    ours, other = FitSettings().settled("lead-net"), FitSettings(weight_decay=0.01).settled("conv_net")
    assert ours.stages is not None
    assert [(stage.epochs, stage.seconds) for stage in ours.stages] == [(8, (5.0,)), (4, (10.0,))]
    assert (ours.rate, ours.head_weight_decay) == (4e-3, 1.0)
    assert (other.epochs, other.stage(0).seconds, other.rate, other.head_weight_decay) == (12, (), 1e-3, 0.01)
    assert other.settled("lead_net") == other


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"loss": {"name": "focall"}}, "loss.name"),
        ({"loss": {"name": "bce", "alpha": 2}}, "alpha and gamma are of the loss focal; got them with bce"),
        ({"l2": 0.1}, "l2 is added to the gradient of adam and sgd; adamw has weight_decay"),
        ({"schedule": "cosine", "schedule_factor": 0.5}, "schedule_factor is of exponential and plateau"),
        ({"schedule": "plateau", "schedule_factor": 2}, r"schedule_factor must be in 0\.\.1"),
        ({"optimizer": "sgd", "momentum": 1.0}, "momentum < 1"),
        ({"optimiser": "sgd"}, "Did you mean 'optimizer'"),
        ({"stages": [{"epochs": 2, "seconds": [-1.0]}]}, "positive seconds"),
    ],
)
def test_what_is_wrong_is_told(values: dict[str, object], told: str) -> None:
    with pytest.raises(SettingError, match=told):
        decode(FitSettings, values, where="fit")


def test_flips_shifts_and_crops_are_off_and_their_reserve_is_told() -> None:
    usual = PictureAugmentationSettings()
    assert (usual.flip, usual.shift, usual.crop, usual.reserve) == (0.0, 0.0, 0.0, "")
    assert "flip and crop of the pictures" in PictureAugmentationSettings(flip=0.5, crop=0.1).reserve
    with pytest.raises(SettingError, match=r"shift and crop of 0 or more and under \.5"):
        PictureAugmentationSettings(shift=0.6)
