"""A distillation's file: what it holds, where its teacher is, and what is wrong with it in words."""

from __future__ import annotations

from pathlib import Path

import pytest

from pellucid.core.errors import SettingError
from pellucid.training.distil_plan import read_distil

CONFIGS = Path(__file__).parents[2] / "configs"
EXAMPLES = sorted(path for path in CONFIGS.glob("distil-*.toml") if not path.stem.endswith("-teacher"))
STUDENT = """
name = "pupil"
seed = 0
[data]
dataset = "phantoms:40"
train = [1, 2]
choose = [3]
test = [4]
[network]
architecture = "conv_net"
"""
DISTIL = "[distil]\nteacher = 'beats'\n"


def written(folder: Path, text: str, name: str = "distil.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


def test_the_defaults_and_the_student(tmp_path: Path) -> None:
    plan = read_distil(written(tmp_path, STUDENT + DISTIL), data="phantoms:80")
    found = plan.distil
    assert (found.temperature, found.soft, found.hard, found.seeds) == (2.0, 0.25, 0.75, (0, 1, 2))
    assert plan.student.data.dataset == "phantoms:80"
    assert plan.teacher is None


def test_a_teachers_configuration_is_found_beside_the_file_and_gets_the_same_data(tmp_path: Path) -> None:
    written(tmp_path, STUDENT.replace("pupil", "master"), "teacher.toml")
    path = written(tmp_path, STUDENT + "[distil]\nteacher = 'teacher.toml'\nseeds = [4]")
    plan = read_distil(path, data="phantoms:80")
    assert plan.teacher is not None
    assert (plan.teacher.name, plan.teacher.data.dataset) == ("master", "phantoms:80")


def test_a_teacher_that_would_see_the_test_folds_is_refused(tmp_path: Path) -> None:
    written(tmp_path, STUDENT.replace("choose = [3]", "choose = [4]").replace("test = [4]", ""), "teacher.toml")
    path = written(tmp_path, STUDENT + "[distil]\nteacher = 'teacher.toml'")
    with pytest.raises(SettingError, match=r"teacher\.toml: a teacher that is trained here.*the folds \[4\]"):
        read_distil(path)
    written(tmp_path, STUDENT.replace("phantoms:40", "phantoms:44"), "teacher.toml")
    with pytest.raises(SettingError, match=r"must have the student's data set, phantoms:40.*got phantoms:44"):
        read_distil(path)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (STUDENT, r"distil\.toml: a distillation needs a table \[distil\]"),
        (STUDENT + DISTIL + "temprature = 3", "key 'temprature'.*Did you mean 'temperature'"),
        (STUDENT + DISTIL + "temperature = 0", "temperature > 0"),
        (STUDENT + "[distil]\nteacher = 'no.toml'", "no.toml is none, neither from the working folder nor beside"),
        (STUDENT + DISTIL + "soft = 0", "soft > 0"),
        (STUDENT + DISTIL + "seeds = [1, 1]", "seeds must be different"),
        (STUDENT + "[fit.loss]\nname = 'focal'\n" + DISTIL, "must be cross_entropy or bce without class weights"),
        (STUDENT + "[fit.loss]\nclass_weights = 'balanced'\n" + DISTIL, "without class weights"),
        (STUDENT + "[auxiliary]\nreports = true\n" + DISTIL, "one network without auxiliary outputs"),
        (STUDENT.replace("test = [4]", "test = []") + DISTIL, "data.test must name the folds"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(SettingError, match=words):
        read_distil(written(tmp_path, text))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_are_right(path: Path) -> None:
    plan = read_distil(path)
    assert plan.teacher is not None
    assert plan.teacher.data == plan.student.data
    widths = [config.network.settings["widths"] for config in (plan.student, plan.teacher)]
    assert sum(widths[0]) < sum(widths[1])
