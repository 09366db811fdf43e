"""A PTB-XL of four records, so that nothing here needs the real one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import wfdb

from pellucid.records.leads import STANDARD

ROWS = [
    (1, 11, 9, "{'NORM': 100.0, 'SR': 0.0}", "sinus rhythm normal"),
    (2, 12, 9, "{'AFIB': 0.0, 'CLBBB': 35.0}", "atrial fibrillation left-bundle"),
    (3, 12, 10, "{'SBRAD': 0.0}", "sinus bradycardia"),
    (4, 13, 1, "{'CRBBB': 100.0, 'IMI': 15.0}", "sinus rhythm right block"),
]
STATEMENTS = """,description,diagnostic,form,rhythm,diagnostic_class,diagnostic_subclass
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
    """Folder in the published layout; the cache of arrays is a fresh one too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    folder = tmp_path / "ptb-xl"
    records = folder / "records100" / "00000"
    records.mkdir(parents=True)
    (folder / "scp_statements.csv").write_text(STATEMENTS)
    lines = ["ecg_id,patient_id,age,sex,report,scp_codes,strat_fold,filename_lr,filename_hr"]
    for ecg_id, patient, fold, codes, report in ROWS:
        name = f"{ecg_id:05d}_lr"
        digital = np.random.default_rng(ecg_id).integers(-900, 900, size=(1000, 12)).astype(np.int16)
        wfdb.wrsamp(
            name, fs=100, units=["mV"] * 12, sig_name=[lead.upper() if lead[0] == "a" else lead for lead in STANDARD],
            d_signal=digital, fmt=["16"] * 12, adc_gain=[1000.0] * 12, baseline=[0] * 12, write_dir=str(records),
        )
        lines.append(f'{ecg_id},{patient}.0,56.0,1,{report},"{codes}",{fold},records100/00000/{name},records500/x')
    (folder / "ptbxl_database.csv").write_text("\n".join(lines) + "\n")
    return folder
