"""Distillation: resumed it comes to the same, both students begin alike, the stored network tells of its teacher."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from pellucid.core.errors import InvalidInputError
from pellucid.networks.store import load, read_weights
from pellucid.training import distil as distilling
from pellucid.training.distil import UNDISTURBED, distil
from pellucid.training.distil_loss import distillation_loss
from pellucid.training.distil_plan import Plan, read_distil

STUDENT = """
name = "pupil"
seed = 9
[data]
dataset = "phantoms:48,size=32"
train = [1, 2, 3]
choose = [4]
test = [5]
[network]
architecture = "conv_net"
channels = 1
size = [16, 16]
settings = { widths = [3], head = "gap", dropout = 0.2 }
[fit]
stages = [{ epochs = 2 }]
batch = 6
averaging = 0.0
learning_rate = 0.02
precision = "float32"
"""


@pytest.fixture
def plan(tmp_path: Path) -> Plan:
    (tmp_path / "teacher.toml").write_text(STUDENT.replace("pupil", "master").replace("[3]", "[6]"))
    path = tmp_path / "distil.toml"
    path.write_text(STUDENT + '[distil]\nteacher = "teacher.toml"\nseeds = [0, 1]')
    return read_distil(path)


class KilledError(Exception):
    pass


def weights(folder: Path) -> dict[str, dict[str, torch.Tensor]]:
    files = sorted(folder.glob("**/network/weights.safetensors"))
    return {str(path.relative_to(folder)): read_weights(path) for path in files}


def test_killed_and_resumed_it_comes_to_the_same_networks_and_table(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched: list[tuple[str, int]] = []
    whole, paths = distil(plan, tmp_path / "whole", watch=lambda who, epoch, line: watched.append((who, epoch)))
    assert [who for who, epoch in watched if epoch == 1] == [
        "teacher", "student alone, seed 0", "student with teacher, seed 0",
        "student alone, seed 1", "student with teacher, seed 1",
    ]  # fmt: skip
    real = distillation_loss
    steps = 0

    def killing(*arguments: Any, **settings: Any) -> torch.Tensor:
        nonlocal steps
        steps += 1
        if steps == 4:  # in the second epoch of the first taught student
            raise KilledError
        return real(*arguments, **settings)

    monkeypatch.setattr(distilling, "distillation_loss", killing)
    with pytest.raises(KilledError):
        distil(plan, tmp_path / "cut")
    monkeypatch.setattr(distilling, "distillation_loss", real)
    asked = (tmp_path / "cut" / "teacher_logits.npy").stat().st_mtime_ns
    told: list[str] = []
    resumed, _ = distil(plan, tmp_path / "cut", tell=told.append)
    assert (tmp_path / "cut" / "teacher_logits.npy").stat().st_mtime_ns == asked
    left, right = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert len(left) == 6  # teacher, two students alone, two taught, and the one that is stored
    assert left.keys() == right.keys()
    for name, tensors in left.items():
        assert all(torch.equal(value, right[name][key]) for key, value in tensors.items()), name
    assert resumed.table.drop(columns="seconds").equals(whole.table.drop(columns="seconds"))
    assert [words.partition(":")[0] for words in told] == [
        "student alone, seed 0", "student with teacher, seed 0",
        "student alone, seed 1", "student with teacher, seed 1",
    ]  # fmt: skip
    assert [path.name for path in paths][-1] == "network"
    card = load(tmp_path / "whole" / "network").card
    taught = card.training["distillation"]
    assert (card.name, taught["teacher"]["name"]) == ("pupil", "master")
    assert taught["loss"] == {"temperature": 2.0, "soft": 0.25, "hard": 0.75}
    assert taught["table"][0]["run"] == "teacher"
    assert UNDISTURBED in taught["notes"]
    assert f"weights {taught['teacher']['weights'][:12]}" in card.limits[-1]
    first = weights(tmp_path / "whole" / "taught" / "seed-0")["network/weights.safetensors"]
    assert all(torch.equal(first[key], value) for key, value in left["network/weights.safetensors"].items())


def test_without_the_teachers_part_a_taught_student_is_the_student_alone(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same beginning, the same batches, the same loss: nothing but the teacher makes the difference."""
    real = distillation_loss

    def only_hard(student: Any, teacher: Any, labels: Any, *_: float, exclusive: bool) -> torch.Tensor:
        return real(student, teacher, labels, 1.0, 0.0, 1.0, exclusive=exclusive)

    monkeypatch.setattr(distilling, "distillation_loss", only_hard)
    one = replace(plan, distil=replace(plan.distil, seeds=(0,)))
    distil(one, tmp_path / "run")
    every = weights(tmp_path / "run")
    alone, taught = (every[f"{kind}/seed-0/network/weights.safetensors"] for kind in ("alone", "taught"))
    for name, value in alone.items():
        torch.testing.assert_close(taught[name], value, rtol=1e-4, atol=1e-5)


def test_another_configuration_or_teacher_in_the_same_folder_is_refused(plan: Plan, tmp_path: Path) -> None:
    one = replace(plan, distil=replace(plan.distil, seeds=(0,)))
    distil(one, tmp_path / "run")
    with pytest.raises(InvalidInputError, match=r"holds a distillation of another configuration.*--out"):
        distil(replace(one, distil=replace(one.distil, soft=0.5)), tmp_path / "run")
    teacher = tmp_path / "run" / "teacher" / "network"
    network = load(teacher)
    with torch.no_grad():
        next(network.module.parameters()).mul_(2)
    network.save(teacher)
    with pytest.raises(InvalidInputError, match=r"was taught by another teacher.*Remove .*seed-0 to train it anew"):
        distil(one, tmp_path / "run")
