"""What stands in the way of a fit is told first."""

from __future__ import annotations

import sys

import pytest
import torch

from pellucid.cli.fitting import ready
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
