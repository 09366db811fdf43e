"""What every room's tests share: where the example data lie, and array annotations checked at run time."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import numpy as np
import pytest
import wfdb
from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"


def only_arrays(function: Callable[..., Any]) -> Callable[..., Any]:
    """Check the annotations of `function` that are jaxtyping's, and no others.

    The others are left to the type checker: tests must be able to pass a wrong number or name and see the error
    that pellucid itself raises.
    """
    hints = {name: _resolved(hint, function) for name, hint in function.__annotations__.items()}
    hints = {name: hint for name, hint in hints.items() if _names_an_array(hint)}
    if not hints:
        return function
    function.__annotations__ = hints
    return beartype(function)


def _resolved(hint: object, function: Callable[..., Any]) -> object:
    """Return the type that a postponed annotation names; the annotation itself where it cannot be known yet."""
    if not isinstance(hint, str):
        return hint
    try:
        return eval(hint, function.__globals__)
    except (NameError, TypeError):  # named for the type checker alone
        return hint


def _names_an_array(hint: object) -> bool:
    inner = (part for part in get_args(hint) if part is not hint)
    return (isinstance(hint, type) and issubclass(hint, AbstractArray)) or any(map(_names_an_array, inner))


def _check_arrays() -> None:
    """Have jaxtyping watch every module that uses it; the others keep their speed and their plain tracebacks."""
    source = ROOT / "src"
    watched = [file for file in (source / "pellucid").rglob("*.py") if "jaxtyping" in file.read_text(encoding="utf-8")]
    modules = [".".join(file.relative_to(source).with_suffix("").parts) for file in watched]
    home = ModuleType("pellucid_array_checks")  # jaxtyping wants the checker's dotted name
    home.only_arrays = only_arrays  # type: ignore[attr-defined]  # a module made on the spot has no declared names
    sys.modules[home.__name__] = home
    install_import_hook(modules, f"{home.__name__}.only_arrays")


_check_arrays()


def _folder(path: Path) -> Path:
    if not path.is_dir():
        pytest.skip(f"needs the example data in {path}")
    return path


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of example data and specifications beside the checkout."""
    return _folder(SHARED)


@pytest.fixture(scope="session")
def ptbxl() -> Path:
    """85 records of PTB-XL in the published layout; 282, 424 and 489 at 500 Hz too."""
    return _folder(SHARED / "data" / "ptbxl")


@pytest.fixture(scope="session")
def cinc2020() -> Path:
    """109 records of the Challenge 2020, MATLAB v4; the amplitudes of HR* are five times too large."""
    return _folder(SHARED / "data" / "cinc2020")


@pytest.fixture(scope="session")
def ludb() -> Path:
    """25 records of LUDB with the cardiologists' waves."""
    return _folder(SHARED / "data" / "ludb" / "data")


@pytest.fixture(scope="session")
def mitdb() -> Path:
    """Records 100 and 208 of MIT-BIH, 30 minutes, two leads, format 212."""
    return _folder(SHARED / "data" / "mitdb")


_ROWS = [
    (1, 11, 9, "{'NORM': 100.0, 'SR': 0.0}", "sinus rhythm normal"),
    (2, 12, 9, "{'AFIB': 0.0, 'CLBBB': 35.0}", "atrial fibrillation left-bundle"),
    (3, 14, 10, "{'SBRAD': 0.0}", "sinus bradycardia"),
    (4, 13, 1, "{'CRBBB': 100.0, 'IMI': 15.0}", "sinus rhythm right block"),
]
_STATEMENTS = """,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
NORM,normal ECG,1.0,,,NORM,NORM
IMI,inferior infarction,1.0,,,MI,IMI
1AVB,first degree AV block,1.0,,,CD,_AVB
CRBBB,complete right bundle branch block,1.0,,,CD,CRBBB
CLBBB,complete left bundle branch block,1.0,,,CD,CLBBB
LOWT,low amplitude T-waves,,1.0,,,
SR,sinus rhythm,,,1.0,,
AFIB,atrial fibrillation,,,1.0,,
SBRAD,sinus bradycardia,,,1.0,,
STACH,sinus tachycardia,,,1.0,,
"""


@pytest.fixture
def small_ptbxl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A PTB-XL of four records in the published layout; the cache of arrays is a fresh one too."""
    from pellucid.records.leads import STANDARD

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "ptb-xl"
    records = folder / "records100" / "00000"
    records.mkdir(parents=True)
    (folder / "scp_statements.csv").write_text(_STATEMENTS)
    lines = ["ecg_id,patient_id,age,sex,report,scp_codes,strat_fold,filename_lr,filename_hr"]
    for ecg_id, patient, fold, codes, report in _ROWS:
        name = f"{ecg_id:05d}_lr"
        digital = np.random.default_rng(ecg_id).integers(-900, 900, size=(1000, 12)).astype(np.int16)
        wfdb.wrsamp(
            name,
            fs=100,
            units=["mV"] * 12,
            sig_name=[lead.upper() if lead[0] == "a" else lead for lead in STANDARD],
            d_signal=digital,
            fmt=["16"] * 12,
            adc_gain=[1000.0] * 12,
            baseline=[0] * 12,
            write_dir=str(records),
        )
        lines.append(f'{ecg_id},{patient}.0,56.0,1,{report},"{codes}",{fold},records100/00000/{name},records500/x')
    (folder / "ptbxl_database.csv").write_text("\n".join(lines) + "\n")
    return folder
