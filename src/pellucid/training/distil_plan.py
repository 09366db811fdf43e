"""What a distillation is: a student's training configuration with `[distil]`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from pellucid.core.errors import SettingError
from pellucid.core.settings import Settings, decode, read_toml
from pellucid.training.settings import TrainingConfig, config_of, read_config

_LOSSES = (None, "cross_entropy", "bce")


@dataclass(frozen=True, slots=True, kw_only=True)
class Distil(Settings):
    """Who teaches, and how much its answers count.

    `teacher`: a bundled network, a folder that holds one, or a training configuration (`.toml`), which is then trained
    first. `temperature` softens both networks' answers, `soft` weighs the teacher's, `hard` the labels. The student is
    trained once without and once with the teacher for each of `seeds`, which stand in for the configuration's seed.
    """

    teacher: str
    temperature: float = 2.0
    soft: float = 0.25
    hard: float = 0.75
    seeds: tuple[int, ...] = (0, 1, 2)

    def __post_init__(self) -> None:
        if self.temperature <= 0 or self.soft <= 0 or self.hard < 0:
            raise SettingError(
                f"a distillation needs temperature > 0, soft > 0 and hard >= 0; got {self.temperature}, {self.soft} "
                f"and {self.hard}."
            )
        if not self.seeds or len(set(self.seeds)) != len(self.seeds) or min(self.seeds) < 0:
            raise SettingError(f"seeds must be different, 0 or more, and not none; got {list(self.seeds)}.")


@dataclass(frozen=True, slots=True)
class Plan:
    """A distillation as its file has it: the student, the settings, and the teacher's training where it needs one."""

    student: TrainingConfig
    distil: Distil
    teacher: TrainingConfig | None


def read_distil(path: Path, *, data: str | None = None) -> Plan:
    """Return the distillation that a TOML file describes.

    Parameters
    ----------
    path
        A training configuration with `[distil]`. A teacher's configuration is looked for from the working folder, then
        beside this file.
    data
        The data set, NAME:PATH, in place of the configuration's, for the teacher too.

    Raises
    ------
    SettingError
        Naming the file, the key, what was wanted and what came; or when a teacher that is to be trained would see the
        student's test folds.
    """
    values = read_toml(path)
    given = values.pop("distil", None)
    if not isinstance(given, dict):
        raise SettingError(f"{path}: a distillation needs a table [distil] with a teacher.")
    distil = decode(Distil, given, where=f"{path}: distil")
    student = _on(config_of(values, path), data)
    _check_student(student, str(path))
    if not distil.teacher.endswith(".toml"):
        return Plan(student, distil, None)
    places = [Path(distil.teacher), path.parent / distil.teacher]
    found = next((place for place in places if place.is_file()), None)
    if found is None:
        raise SettingError(
            f"{path}: distil.teacher must be a training configuration; {distil.teacher} is none, neither from the "
            "working folder nor beside this file."
        )
    teacher = _on(read_config(found), data)
    _check_teacher(student, teacher, str(found))
    return Plan(student, distil, teacher)


def _on(config: TrainingConfig, data: str | None) -> TrainingConfig:
    return config if data is None else replace(config, data=replace(config.data, dataset=data))


def _check_student(student: TrainingConfig, where: str) -> None:
    loss = student.fit.loss
    if student.members or student.auxiliary.statements or student.auxiliary.reports:
        raise SettingError(f"{where}: a student must be one network without auxiliary outputs. Leave these out.")
    if loss.name not in _LOSSES or loss.class_weights != "none":
        raise SettingError(
            f"{where}: fit.loss of a student must be cross_entropy or bce without class weights, for its other half is "
            f"the teacher's; got {loss.name}, {loss.class_weights}."
        )
    if not student.data.test:
        raise SettingError(f"{where}: data.test must name the folds on which teacher and students are compared.")


def _check_teacher(student: TrainingConfig, teacher: TrainingConfig, where: str) -> None:
    seen = (set(teacher.data.train) | set(teacher.data.choose)) & set(student.data.test)
    if teacher.data.dataset != student.data.dataset or seen:
        raise SettingError(
            f"{where}: a teacher that is trained here must have the student's data set, {student.data.dataset}, and "
            f"not train or choose on its test folds; got {teacher.data.dataset} and the folds {sorted(seen)}."
        )
