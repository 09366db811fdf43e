"""The memory-mapped array of a whole data set."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from pellucid.datasets import packed as module
from pellucid.datasets.packed import packed


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "cache_folder", lambda: tmp_path)


class Source:
    """Counts how often each row is read."""

    def __init__(self) -> None:
        self.reads = 0

    def __call__(self, position: int) -> NDArray[np.int16]:
        self.reads += 1
        return np.full((2, 3), position, dtype=np.int16)


def build(source: Source, identity: str = "folder") -> NDArray[np.int16]:
    return packed(["a", "b"], source, shape=(2, 3), identity=[identity], title="reading")


def test_it_is_built_once_and_read_only() -> None:
    source = Source()
    first, second = build(source), build(source)
    assert source.reads == 2
    assert first[:, 0, 0].tolist() == second[:, 0, 0].tolist() == [0, 1]
    with pytest.raises(ValueError, match="read-only"):
        first[0, 0, 0] = 9


def test_another_identity_is_another_array() -> None:
    source = Source()
    build(source)
    build(source, "other folder")
    assert source.reads == 4


def test_nothing_is_left_when_a_file_cannot_be_read(tmp_path: Path) -> None:
    def failing(position: int) -> NDArray[np.int16]:
        raise OSError(str(position))

    with pytest.raises(OSError, match="0"):
        packed(["a"], failing, shape=(2, 3), identity=["x"], title="reading")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("stamp", ["{", '{"other": 1}', None])
def test_an_array_without_its_sound_stamp_is_built_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stamp: str | None
) -> None:
    source = Source()
    build(source)
    (path,) = tmp_path.glob("*.json")
    path.unlink() if stamp is None else path.write_text(stamp)
    monkeypatch.setattr(module, "_checked", set())  # as in a new process
    build(source)
    assert source.reads == 4


def test_what_is_not_asked_for_need_not_be_readable(monkeypatch: pytest.MonkeyPatch) -> None:
    broken = {1}

    def read(position: int) -> NDArray[np.int16]:
        if position in broken:
            raise OSError(f"{position} is broken")
        return np.full((2, 3), position + 5, dtype=np.int16)

    def rows(wanted: list[int] | None) -> list[int]:
        array = packed(list("abc"), read, shape=(2, 3), identity=["x"], title="reading", wanted=wanted)
        monkeypatch.setattr(module, "_checked", set())  # as in a new process
        return array[:, 0, 0].tolist()

    with pytest.raises(OSError, match="1 is broken"):
        rows(None)
    assert rows([0, 2]) == [5, 0, 7]
    with pytest.raises(OSError, match="1 is broken"):
        rows([1])
    assert rows([0]) == [5, 0, 7]
    broken.clear()
    assert rows([1]) == [5, 6, 7]
