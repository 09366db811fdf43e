"""When the heart beats, and where P, QRS and T of each beat begin and end."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from pellucid.core.errors import missing_extra
from pellucid.records.leads import INDEPENDENT
from pellucid.records.resampling import resample

if TYPE_CHECKING:
    import pandas as pd

    from pellucid.records.ecg import EcgRecord

COLUMNS = ("p_onset", "p_end", "qrs_onset", "qrs_end", "t_onset", "t_end")  # as in a simulated patient's events

_RATE = 500  # Hz: everything is looked at on this grid
_SHORTEST = 0.5  # s
_EDGE = 1.0  # s of silence before and behind, so that beats at the ends are found as well
_SMALL = 0.3  # of the usual peak: a wave lower than that is no QRS
_CLEAR = 4.5  # times the record's median: peaks lower than that do not stand out of noise (white noise: 4.2)
_P_WIDTH = 120  # ms in which the feet of P are looked for
_P_JITTER = 0.0125  # s: how much the distance from P to QRS may vary from beat to beat
_QRS_REACH = (0.12, 0.18)  # s before and behind the peak, in which QRS begins and ends
_QRS_SLOW = 0.08  # of the highest speed: slower is no longer QRS
_QUIET = 6  # samples in a row that must be slow, and over which the speed is taken

Array = NDArray[np.float64]


def beats(record: EcgRecord) -> pd.DataFrame:
    """Return when each wave of each beat starts and ends, in seconds: for parts and tables, not for diagnosis.

    Parameters
    ----------
    record
        With any leads. Those that are flat or have samples which were not recorded are passed over.

    Returns
    -------
    pandas.DataFrame
        A beat a row, in order; columns p_onset, p_end, qrs_onset, qrs_end, t_onset, t_end, one for all leads, as in
        the `events` of a simulated patient; NaN where a wave was not found. No rows where no beats stand out of the
        noise.

    Raises
    ------
    MissingExtraError
        Without NeuroKit2.

    Notes
    -----
    Peaks: NeuroKit2's own detector on the root of the sum of the squared leads, after a band pass of 5 to 20 Hz. QRS:
    as long as all leads together move faster than 8 % of the beat's highest speed. P and T: NeuroKit2's `prominence`
    (Emrich et al. 2024) in each of the leads I, II, V1 to V6, the median over them. All P are dropped where their
    distance to QRS varies by more than 12.5 ms (median deviation): the atria fibrillate, or do not lead. A record with
    one beat has its QRS alone.

    Chosen against lead II alone, the root alone and NeuroKit2's `dwt` on simulated patients and one half of LUDB;
    `benchmarks/beats.py` measures the other half and writes sensitivity and errors into `benchmarks/RESULTS.md`. Cost:
    60 ms for 12 leads of 10 s.
    """
    import pandas as pd

    leads = _leads(record)
    peaks = _peaks(leads) if len(leads) else np.zeros(0, dtype=np.int64)
    found = _ordered(_qrs(leads, peaks), *_p_and_t(leads, peaks)) if len(peaks) else np.zeros((0, len(COLUMNS)))
    table = pd.DataFrame(found, columns=list(COLUMNS))
    table.index.name = "beat"
    return table


def _leads(record: EcgRecord) -> Array:
    """Return the leads to look at, (lead, sample) in mV at 500 Hz: the independent ones, or all that there are."""
    good = [row for row, lead in enumerate(record.signal) if np.isfinite(lead).all() and np.ptp(lead) > 0]
    rows = [row for row in good if record.leads[row] in INDEPENDENT] or good
    if not rows or record.seconds < _SHORTEST:
        return np.zeros((0, 0))
    return resample(record.signal[rows], record.sampling_rate, _RATE)


def _band(leads: Array, low: float, high: float) -> Array:
    from scipy.signal import butter, sosfiltfilt

    band: Array = sosfiltfilt(butter(2, (low, high), "bandpass", fs=_RATE, output="sos"), leads, axis=-1)
    return band


def _peaks(leads: Array) -> NDArray[np.int64]:
    """Return the samples at which the leads together are strongest within each beat."""
    strength = np.sqrt((_band(leads, 5, 20) ** 2).sum(0))
    edge = round(_EDGE * _RATE)
    found = _asked("ecg_peaks", np.pad(strength, edge), sampling_rate=_RATE)
    peaks = np.asarray(found.get("ECG_R_Peaks", []), dtype=np.int64) - edge
    peaks = peaks[(peaks >= 0) & (peaks < len(strength))]
    if not len(peaks) or np.median(strength[peaks]) < _CLEAR * np.median(strength):
        return peaks[:0]
    large: NDArray[np.int64] = peaks[strength[peaks] >= _SMALL * np.median(strength[peaks])]
    return large


def _qrs(leads: Array, peaks: NDArray[np.int64]) -> Array:
    """Return onset and end of each QRS in seconds, (beat, 2): where all leads together become slow."""
    speed = np.sqrt((np.gradient(_band(leads, 0.5, 40), axis=1) ** 2).sum(0))
    speed = np.convolve(speed, np.full(_QUIET, 1 / _QUIET), "same")
    before, behind = (round(reach * _RATE) for reach in _QRS_REACH)
    found = []
    for peak in peaks:
        near = speed[max(0, peak - before // 2) : peak + before // 2]
        usual = np.median(speed[max(0, peak - 2 * before) : peak + 2 * behind])
        slow = speed < max(_QRS_SLOW * near.max(), 1.5 * usual)
        onset = _first_quiet(slow[max(0, peak - before) : peak + 1][::-1])
        found.append([peak - onset, peak + _first_quiet(slow[peak : peak + behind])])
    return np.array(found) / _RATE


def _first_quiet(slow: NDArray[np.bool_]) -> int:
    """Return after how many samples the first stretch begins that is slow throughout; all of them if there is none."""
    runs = np.convolve(slow, np.ones(_QUIET), "valid") == _QUIET if len(slow) >= _QUIET else slow[:0]
    return int(runs.argmax()) if runs.any() else len(slow) - 1


def _p_and_t(leads: Array, peaks: NDArray[np.int64]) -> tuple[Array, Array]:
    """Return onset and end of P and of T in seconds, (beat, 2) each: the median over the leads."""
    if len(peaks) < 2:  # fewer have no rhythm, on which the search depends
        return np.full((len(peaks), 2), np.nan), np.full((len(peaks), 2), np.nan)
    edge = round(_EDGE * _RATE)
    found = []
    for lead in _band(leads, 0.5, 20):
        padded, places = np.pad(lead, edge, mode="edge"), peaks + edge
        waves = _asked(
            "ecg_delineate", padded, places, sampling_rate=_RATE, method="prominence", max_p_basepoint_interval=_P_WIDTH
        )
        names = ("P_Onsets", "P_Offsets", "T_Onsets", "T_Offsets")
        found.append([waves.get(f"ECG_{name}", np.full(len(peaks), np.nan)) for name in names])
    with _quiet():  # where no lead shows a wave there is no median
        middle = (np.nanmedian(np.array(found, dtype=np.float64), axis=0).T - edge) / _RATE
    return middle[:, :2], middle[:, 2:]


def _ordered(qrs: Array, p: Array, t: Array) -> Array:
    """Return the table, (beat, time): each wave within its beat, none that overlaps the next, and P only if regular."""
    p[:, 1] = np.minimum(p[:, 1], qrs[:, 0])
    t[:, 0] = np.maximum(t[:, 0], qrs[:, 1])
    t[:-1, 1] = np.minimum(t[:-1, 1], qrs[1:, 0])
    for wave in (p, t):
        wave[~(wave[:, 0] < wave[:, 1])] = np.nan  # also where one of the two is NaN
    distance = qrs[:, 0] - p.mean(1)
    distance = distance[np.isfinite(distance)]
    if len(distance) and np.median(np.abs(distance - np.median(distance))) > _P_JITTER:
        p[:] = np.nan
    return np.concatenate([p, qrs, t], axis=1)


def _asked(function: str, *arguments: Any, **settings: Any) -> dict[str, Any]:
    """Return what a function of NeuroKit2 finds, nothing where it fails: it raises on signals without peaks."""
    with _quiet():
        try:
            import neurokit2
        except ImportError as error:
            raise missing_extra("neurokit2", "study", "finding beats and waves") from error
        try:
            found: dict[str, Any] = getattr(neurokit2, function)(*arguments, **settings)[1]
        except (IndexError, ValueError):
            return {}
    return found


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep what NeuroKit2 warns of (signals without peaks, empty means) from the caller."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
