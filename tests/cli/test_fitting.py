"""What stands in the way of a fit is told first."""

from __future__ import annotations

import sys

import pytest
import torch

from pellucid.cli.fitting import epoch_line, ready
from pellucid.core.errors import InvalidInputError, MissingExtraError


def test_threads_are_set_where_a_number_is_given() -> None:
    before = torch.get_num_threads()
    try:
        ready("train", before + 1)
        assert torch.get_num_threads() == before + 1
        ready("train", None)
        assert torch.get_num_threads() == before + 1
    finally:
        torch.set_num_threads(before)


def test_fewer_than_one_thread_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="threads must be 1 or more; got 0"):
        ready("train", 0)


def test_the_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pellucid tune needs optuna.*pellucid\[train\]"):
        ready("tune", None, ("lightning", "optuna"))


def test_a_line_says_whose_epoch_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    figures = {"loss": 0.5, "choosing_loss": 0.25, "choosing_score": 0.75, "seconds": 3.0}
    epoch_line("member 2 of 3 (b)", 4, figures)
    epoch_line("", 1, {**figures, "choosing_accuracy": 0.5})
    told = capsys.readouterr().err.splitlines()
    assert told[0] == ("member 2 of 3 (b), epoch 4: loss 0.5000, on the choosing folds 0.2500, score 0.750, 3 s")
    assert told[1].startswith("epoch 1: loss 0.5000")
    assert "accuracy 0.500" in told[1]
