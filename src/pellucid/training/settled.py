"""A configuration with nothing left open, checked against its data set."""

from __future__ import annotations

from dataclasses import replace

from pellucid.core.errors import InvalidInputError
from pellucid.datasets.dataset import Dataset
from pellucid.training.fit_settings import FitSettings
from pellucid.training.learnable import check_labels, exclusive, learnt_from
from pellucid.training.network_input import settled_network
from pellucid.training.settings import AuxiliarySettings, DataSettings, TrainingConfig


def settled(config: TrainingConfig, source: Dataset) -> TrainingConfig:
    """Return the configuration with all that it leaves open filled in: the network's input, the fit, the loss.

    Raises
    ------
    InvalidInputError
        When the folds tear a patient apart, the labels are not what the loss needs, or the test folds are none.
    SettingError
        When the network does not read what the data set holds.
    """
    data = settled_folds(config.data, source)
    if data.test and not data.by_slice:
        source.refuse_untestable("by_slice = true in [data], or leave the test out with test = []")
    learning = learnt_from(source, data)
    network = settled_network(config.network, source, data.train)

    def fit(given: FitSettings, auxiliary: AuxiliarySettings) -> FitSettings:
        asked = auxiliary.statements or auxiliary.reports
        name = given.loss.name or ("cross_entropy" if exclusive(learning) and not asked else "bce")
        loss = replace(given.loss, name=name)
        check_labels(loss, learning, data, auxiliary=asked)
        return replace(given, loss=loss).settled(network.architecture)

    members = tuple(
        member if member.fit is None else replace(member, fit=fit(member.fit, member.auxiliary or config.auxiliary))
        for member in config.members
    )
    return replace(config, data=data, network=network, fit=fit(config.fit, config.auxiliary), members=members)


def settled_folds(data: DataSettings, source: Dataset) -> DataSettings:
    """Return the settings with folds that the data set has, where the configuration leaves them as they usually are.

    Of 1 to 8, 9 and 10 those that are there stay; without a ninth the last of the others chooses.

    Raises
    ------
    InvalidInputError
        When there are not two folds beside the tenth.
    """
    usual = DataSettings(dataset=data.dataset)
    there = {int(fold) for fold in source.table["fold"].unique()}
    asked = (data.train, data.choose, data.test)
    if asked != (usual.train, usual.choose, usual.test) or there >= {*data.train, *data.choose, *data.test}:
        return data
    learning = sorted(there - set(data.test))
    if len(learning) < 2:
        raise InvalidInputError(
            f"data set {source.name} must have a fold to train on and one to choose on, beside fold {data.test[0]}; "
            f"it has {', '.join(map(str, sorted(there)))}. Deal its records into more folds, with ,split=FILE."
        )
    test = tuple(fold for fold in data.test if fold in there)
    return replace(data, train=tuple(learning[:-1]), choose=(learning[-1],), test=test)
