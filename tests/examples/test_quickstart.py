"""The notebook runs from the first cell to the last, and shows what it says."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "examples" / "quickstart.ipynb"


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of jupyter's own packages
def test_the_notebook_runs_and_draws(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # The kernel of this interpreter, whatever kernels the machine has registered.
    kernels = tmp_path / "kernels" / "python3"
    kernels.mkdir(parents=True)
    (kernels / "kernel.json").write_text(
        f'{{"argv": ["{sys.executable}", "-m", "ipykernel_launcher", "-f", "{{connection_file}}"], '
        '"display_name": "Python 3", "language": "python"}'
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    assert len(notebook.cells) < 15
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()
    outputs = {cell.source: "".join(map(str, cell.outputs)) for cell in notebook.cells if cell.cell_type == "code"}

    def output_of(source: str) -> str:
        (found,) = (shown for code, shown in outputs.items() if source in code)
        return found

    assert sum("<svg" in shown or "image/svg" in shown for shown in outputs.values()) >= 3
    assert "V1" in output_of(".by_lead()")
    assert "CRBBB:" in output_of('patient.twin("CRBBB")')
    assert "torch.Size([1, 2, 12, 2500])" in output_of("relevance.shape")
