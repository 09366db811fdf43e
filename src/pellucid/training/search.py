"""What a search is: a training configuration with `[search]`, and the space that its trials are drawn from."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pellucid.core.errors import SettingError
from pellucid.core.settings import Settings, decode, read_toml
from pellucid.training.fit_settings import FitSettings, without_effect
from pellucid.training.presets import expanded
from pellucid.training.settings import TrainingConfig, config_of, refuse_without_effect

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution

_NOT_SEARCHED = ("name", "seed", "data", "members")
_WORDS = {"low", "high", "log", "step", "choices", "blocks", "rising"}  # by which a form is told from a table of keys
_TOLERANCE = 1e-9  # of a step, in steps


@dataclass(frozen=True, slots=True, kw_only=True)
class Range(Settings):
    """A number from `low` to `high`, both included; whole numbers where low, high and step are written as such.

    `log` draws its logarithm evenly, `step` keeps to low, low + step ...
    """

    low: int | float
    high: int | float
    log: bool = False
    step: int | float | None = None

    def __post_init__(self) -> None:
        steps = 0.0 if not self.step else (self.high - self.low) / self.step
        if self.low >= self.high or (self.log and self.low <= 0):
            raise SettingError(f"low must be below high, and above 0 with log; got {self.low!r} and {self.high!r}.")
        if self.step is not None and (self.log or self.step <= 0 or abs(steps - round(steps)) > _TOLERANCE):
            raise SettingError(
                f"step must be positive, without log, and lead from low to high; got {self.step!r} from {self.low!r} "
                f"to {self.high!r}."
            )

    def parameters(self, key: str) -> dict[str, BaseDistribution]:
        """Return what is drawn for this key: one number."""
        from optuna.distributions import FloatDistribution, IntDistribution

        low, high, step = self.low, self.high, self.step
        if isinstance(low, int) and isinstance(high, int) and not isinstance(step, float):
            return {key: IntDistribution(low, high, log=self.log, step=step or 1)}
        return {key: FloatDistribution(float(low), float(high), log=self.log, step=step)}

    def value(self, key: str, drawn: Mapping[str, Any]) -> Any:
        """Return the number drawn."""
        return drawn[key]

    def extremes(self) -> Iterator[Any]:
        """Yield the smallest and the largest."""
        yield from (self.low, self.high)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices(Settings):
    """One of these values; lists and tables may be among them."""

    choices: tuple[Any, ...]

    def __post_init__(self) -> None:
        if len(set(self._texts)) != len(self.choices) or not self.choices:
            raise SettingError(f"choices must be different and not none; got {list(self.choices)!r}.")

    @property
    def _texts(self) -> tuple[str, ...]:
        """The choices as JSON: what a study keeps must be text or a number."""
        return tuple(json.dumps(choice) for choice in self.choices)

    def parameters(self, key: str) -> dict[str, BaseDistribution]:
        """Return what is drawn for this key: the text of one value."""
        from optuna.distributions import CategoricalDistribution

        return {key: CategoricalDistribution(self._texts)}

    def value(self, key: str, drawn: Mapping[str, Any]) -> Any:
        """Return the value whose text was drawn."""
        return json.loads(drawn[key])

    def extremes(self) -> Iterator[Any]:
        """Yield all."""
        yield from self.choices


@dataclass(frozen=True, slots=True, kw_only=True)
class Rising(Settings):
    """A list of whole numbers that never fall, as the channels of a network's blocks.

    Its length is from `blocks[0]` to `blocks[1]`. The first lies in `low` to `high` (its logarithm evenly drawn), the
    last is first * (high / first)^growth with growth in 0 to 1, and those between keep equal ratios, rounded. Three
    numbers so stand for the list, and each has a meaning of its own.
    """

    blocks: tuple[int, int]
    low: int
    high: int
    rising: Literal[True]

    def __post_init__(self) -> None:
        if not 1 <= self.blocks[0] <= self.blocks[1] or not 1 <= self.low < self.high:
            raise SettingError(
                "a rising list needs blocks = [fewest, most] of 1 or more and 1 <= low < high; "
                f"got {list(self.blocks)}, {self.low} and {self.high}."
            )

    def parameters(self, key: str) -> dict[str, BaseDistribution]:
        """Return what is drawn for this key: blocks, first, growth."""
        from optuna.distributions import FloatDistribution, IntDistribution

        return {
            f"{key}.blocks": IntDistribution(*self.blocks),
            f"{key}.first": IntDistribution(self.low, self.high, log=True),
            f"{key}.growth": FloatDistribution(0.0, 1.0),
        }

    def value(self, key: str, drawn: Mapping[str, Any]) -> list[int]:
        """Return the list that the three numbers stand for."""
        return self._list(*(drawn[f"{key}.{name}"] for name in ("blocks", "first", "growth")))

    def extremes(self) -> Iterator[list[int]]:
        """Yield the shortest of the smallest and the longest up to the largest."""
        yield self._list(self.blocks[0], self.low, 0.0)
        yield self._list(self.blocks[1], self.low, 1.0)

    def _list(self, blocks: int, first: int, growth: float) -> list[int]:
        whole = (self.high / first) ** growth
        return [round(first * whole ** (i / max(blocks - 1, 1))) for i in range(blocks)]


Form = Range | Choices | Rising


@dataclass(frozen=True, slots=True, kw_only=True)
class Search(Settings):
    """How a space is searched.

    `trials` in all, by every process on the study together. The first `startup` are drawn at random and none is
    judged before so many are done; then the tree of Parzen estimators proposes. From epoch `warmup` + 1 on a trial
    whose best score is below the median of the others at that epoch is given up.
    """

    trials: int
    seed: int
    startup: int = 5
    warmup: int = 3
    space: dict[str, Any]

    def __post_init__(self) -> None:
        if self.trials < 1 or min(self.seed, self.startup, self.warmup) < 0 or not self.space:
            raise SettingError(
                "a search needs trials >= 1, seed, startup and warmup >= 0 and a [search.space] that is not empty; "
                f"got {self.trials}, {self.seed}, {self.startup}, {self.warmup}."
            )


@dataclass(frozen=True, slots=True)
class Plan:
    """A search as its file has it.

    Attributes
    ----------
    where
        The file, for errors.
    values
        The training configuration as in the file, without `[search]`.
    search
        How it is searched.
    space
        A form for each dotted key of the configuration.
    """

    where: str
    values: Mapping[str, Any]
    search: Search
    space: Mapping[str, Form]

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        """What is drawn for a trial, by name."""
        return {name: one for key, form in self.space.items() for name, one in form.parameters(key).items()}

    def drawn_values(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Return the configuration, as TOML holds it, of what was drawn."""
        values = self.values
        for key, form in self.space.items():
            values = _placed(values, key, form.value(key, drawn), self.where)
        return _effective(values, decode(TrainingConfig, values, where=self.where).fit)

    def config(self, drawn: Mapping[str, Any] | None = None) -> TrainingConfig:
        """Return the training of what was drawn; without, the one that the file holds beside its search."""
        values = self.values if drawn is None else self.drawn_values(drawn)
        return decode(TrainingConfig, values, where=self.where)

    def check(self) -> None:
        """Put each key's extremes into the configuration, so that a wrong key or value is told before data are read.

        Raises
        ------
        SettingError
            Naming the file, the key and the nearest one that is known.
        """
        from pellucid.training.network_input import refuse_unknown_settings

        base = self.config()
        refuse_without_effect(self.values, base, self.where)
        if base.members:
            raise SettingError(f"{self.where}: members cannot be searched over. Search for one network, then add them.")
        for key, form in self.space.items():
            where = f"{self.where}: search.space.{key}"
            top = key.partition(".")[0]
            if top in _NOT_SEARCHED:
                raise SettingError(f"{where}: {top} is the same for all trials, else their scores do not compare.")
            for value in form.extremes():
                placed = _placed(self.values, key, value, where)
                config = decode(TrainingConfig, placed, where=where)
                if not {"fit.optimizer", "fit.schedule"} & set(self.space):
                    refuse_without_effect(placed, config, where)
                refuse_unknown_settings(config.network, where)


def read_search(path: Path, *, data: str | None = None) -> Plan:
    """Return the search that a TOML file describes, checked.

    Parameters
    ----------
    path
        A training configuration with `[search]` and `[search.space]`.
    data
        The data set, NAME:PATH, in place of the configuration's.

    Raises
    ------
    SettingError
        Naming the file, the key, what was wanted and what came.
    """
    values = read_toml(path)
    given = values.pop("search", None)
    if not isinstance(given, dict):
        raise SettingError(f"{path}: a search needs a table [search] with trials and seed, and [search.space].")
    config = config_of(values, path)  # refuses what the file itself states in vain; a preset's keys may be idle
    values = _effective(expanded(values), config.fit)
    weights = config.network.weights
    if weights is not None:
        values = _placed(values, "network.weights", weights, str(path))
    if data is not None:
        values = _placed(values, "data.dataset", data, str(path))
    search = decode(Search, given, where=f"{path}: search")
    space = {key: _form(table, f"{path}: search.space.{key}") for key, table in _leaves(search.space)}
    plan = Plan(str(path), values, search, space)
    plan.check()
    return plan


def _effective(values: Mapping[str, Any], fit: FitSettings) -> dict[str, Any]:
    """Return the values without those of another optimiser or schedule than `fit` has."""
    stated = values.get("fit", {})
    idle = without_effect(stated, fit)
    kept = {key: value for key, value in stated.items() if key not in idle}
    return {**values, "fit": kept} if idle else dict(values)


def _leaves(tables: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield dotted keys and what they hold; tables within tables are the dots of a key."""
    for key, value in tables.items():
        if isinstance(value, dict) and value and not _WORDS & set(value):
            yield from _leaves(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _form(table: Any, where: str) -> Form:
    if not isinstance(table, dict) or not table:
        raise SettingError(
            f"{where} must be {{ low, high, log or step }}, {{ choices }} or {{ blocks, low, high, rising }}; "
            f"got {table!r}."
        )
    if "choices" in table:
        return decode(Choices, table, where=where)
    if "rising" in table or "blocks" in table:
        return decode(Rising, table, where=where)
    return decode(Range, table, where=where)


def _placed(values: Mapping[str, Any], key: str, value: Any, where: str) -> dict[str, Any]:
    """Return a copy of nested tables with `value` at a dotted key; a number in it counts the entries of a list."""
    changed = copy.deepcopy(dict(values))
    *steps, last = key.split(".")
    place: Any = changed
    for step in steps:
        place = place.setdefault(step, {}) if isinstance(place, dict) else _entry(place, step, key, where)
    if isinstance(place, dict):
        place[last] = value
    else:
        _entry(place, last, key, where)
        place[int(last)] = value
    return changed


def _entry(place: Any, step: str, key: str, where: str) -> Any:
    if isinstance(place, list) and step.isdigit() and int(step) < len(place):
        return place[int(step)]
    raise SettingError(f"{where}: key {key!r} leads to {step!r} of {place!r}, which has no such entry.")
