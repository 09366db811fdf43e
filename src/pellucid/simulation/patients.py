"""Simulated patients: a record, where its diagnoses show, and what it would be without them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pellucid.core.errors import InvalidInputError, NotApplicableError
from pellucid.records.ecg import EcgRecord
from pellucid.simulation.diagnoses import checked, places
from pellucid.simulation.scene import Scene


@dataclass(frozen=True, eq=False)
class Patient:
    """A simulated patient.

    Parameters
    ----------
    record
        The twelve-lead ECG, in mV.
    diagnoses
        In the standard order; () is a normal one.
    seed
        The number that the patient comes from.
    """

    record: EcgRecord
    diagnoses: tuple[str, ...]
    seed: int
    _scene: Scene = field(repr=False)

    @cached_property
    def truth(self) -> dict[str, NDArray[np.bool_]]:
        """Where each diagnosis shows: one mask (lead, sample) a diagnosis.

        Notes
        -----
        First degree AV block: P onset to QRS onset. Right bundle branch block: the QRS from 40 ms on in V1 to V3, I,
        aVL, aVR, V5, V6, and ST-T in V1, V2. Left bundle branch block: QRS and ST-T in I, aVL, V1 to V3, V5, V6.
        Atrial fibrillation: T end to the next QRS onset, and the QRS, whose distance is irregular. The two rates have
        no place: every beat carries them, and the mask (T end to the end of the next QRS) holds most of the record.
        """
        events = self._scene.beats(self.diagnoses).events()
        record = self.record
        return {name: places(name, events, record.samples, record.sampling_rate) for name in self.diagnoses}

    @cached_property
    def events(self) -> pd.DataFrame:
        """When each wave starts and ends, in s: a beat a row, every beat of which something lies in the record.

        Columns p_onset, p_end (NaN where the atria fibrillate), qrs_onset, qrs_end, t_onset, t_end. At the record's
        edges a time may be negative or beyond its end. `t_end` is where T is over; the tangent method ends it a
        tenth of JT earlier. `t_onset` is nominal: the ST segment bends into T without an edge.
        """
        table = pd.DataFrame(self._scene.beats(self.diagnoses).events())
        shows = (table["t_end"] > 0) & (table[["p_onset", "qrs_onset"]].min(axis=1) < self.record.seconds)
        table = table[shows].reset_index(drop=True)
        table.index.name = "beat"
        return table

    def twin(self, diagnosis: str) -> EcgRecord:
        """Return the record of the same patient without one diagnosis.

        Same heart, torso, breathing, noise and offsets; for a block, AV block or fibrillation also the same beats and
        baseline, so that the difference is what the diagnosis does and zero elsewhere. The twin of a rate beats at a
        normal one, hence elsewhere: compare what a network says, not samples.

        Parameters
        ----------
        diagnosis
            One of the patient's, in any case.

        Raises
        ------
        NotApplicableError
            When the patient does not have it.
        """
        (name,) = checked([diagnosis]) or ("NORM",)
        if name not in self.diagnoses:
            has = ", ".join(self.diagnoses) or "none"
            raise NotApplicableError(f"a twin must lose a diagnosis of the patient, who has {has}; got {diagnosis!r}.")
        rest = tuple(other for other in self.diagnoses if other != name)
        return _record(self._scene, rest, self.record.sampling_rate, self.record.samples, without=name)


def simulate(
    diagnoses: str | Sequence[str] = (), *, seed: int, sampling_rate: float = 500, seconds: float = 10
) -> Patient:
    """Return a simulated patient.

    Parameters
    ----------
    diagnoses
        Of 1AVB, CRBBB, CLBBB, SBRAD, AFIB, STACH, in any case; none, or NORM, is a normal patient.
    seed
        Same seed, same bytes. Another sampling rate shows the same patient; another duration another noise.
    sampling_rate
        In whole Hz, 50 to 2000. The model runs at 500 Hz; 100 Hz is filtered like PTB-XL's 100 Hz records.
    seconds
        Duration, 2 to 600 s.

    Returns
    -------
    Patient
        With `record`, `truth`, `events` and `twin`.

    Raises
    ------
    UnknownNameError
        For a diagnosis of another name.
    InvalidInputError
        For diagnoses that exclude each other, or a number out of range.

    Notes
    -----
    Sums of Gaussians with amplitudes of PTB-XL's class means (`tables`), turned and varied per patient. Tuned until
    a network trained on PTB-XL recognises them: no cardiologist has judged them, and they are cleaner than real ones.
    Leads I and II come in steps of 2 uV and the chest leads in steps of 1 uV, so that Einthoven's and Goldberger's
    identities hold exactly and all twelve leads fit a file of 1 uV a bit.
    """
    names = checked(diagnoses)
    rate = _whole_rate(sampling_rate)
    if not 2 <= seconds <= 600:
        raise InvalidInputError(f"seconds must be 2 to 600; got {seconds!r}.")
    scene = Scene.draw(seed, names, seconds)
    record = _record(scene, names, rate, round(seconds * rate))
    return Patient(record, names, seed, scene)


def _whole_rate(sampling_rate: float) -> int:
    if isinstance(sampling_rate, bool) or not 50 <= sampling_rate <= 2000 or sampling_rate != int(sampling_rate):
        raise InvalidInputError(f"sampling_rate must be a whole number of Hz, 50 to 2000; got {sampling_rate!r}.")
    return int(sampling_rate)


def _record(scene: Scene, diagnoses: tuple[str, ...], rate: float, samples: int, *, without: str = "") -> EcgRecord:
    label = "_".join(scene.diagnoses) or "NORM"
    metadata: dict[str, object] = {"simulated": True, "seed": scene.seed, "diagnoses": list(diagnoses)}
    if without:
        metadata["twin_without"] = without
    return EcgRecord(
        signal=_twelve(scene.microvolts(diagnoses, int(rate), samples)),
        sampling_rate=rate,
        name=f"simulated_{label}_{scene.seed}" + (f"_without_{without}" if without else ""),
        metadata=metadata,
    )


def _twelve(eight: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the standard leads in mV from I, II, V1 to V6 in uV; the limb leads obey Einthoven's law to the bit."""
    one, two = 2 * np.rint(eight[:2] / 2)  # even, so that half of either is a whole microvolt
    twelve = np.concatenate([[one, two, two - one, -(one + two) / 2, one - two / 2, two - one / 2], np.rint(eight[2:])])
    millivolts: NDArray[np.float32] = (twelve / 1000).astype(np.float32)
    return millivolts
