"""What an import may bring along: measured in a fresh interpreter, where nothing is loaded yet."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from pellucid.core.available import available

HEAVY = {
    "captum", "fastapi", "h5py", "lightning", "matplotlib", "neurokit2", "nibabel", "optuna", "pandas", "PIL",
    "pydicom", "pytorch_lightning", "ray", "scipy", "skimage", "sklearn", "sqlalchemy", "torch", "torchvision",
    "wfdb", "zarr",
}  # fmt: skip
COMMAND_LINE = {
    "attr", "attrs", "cyclopts", "docstring_parser", "markdown_it", "mdurl", "pellucid", "pygments", "rich",
    "typing_extensions",
}  # fmt: skip

# Statement, and what of the heavy packages it may load.
ALLOWED = {
    "import pellucid.core.registry, pellucid.core.settings, pellucid.core.errors, pellucid.core.available": set(),
    "from pellucid import EcgRecord, MriSlice": set(),
    "from pellucid import simulate": {"pandas", "scipy"},
    "from pellucid import attribute, method": {"torch"},
    "import pellucid.figures.ecg_paper": {"matplotlib", "PIL"},
}


def _loaded(statement: str) -> set[str]:
    """Return the top-level packages that a statement loads beyond Python's own."""
    report = "import json; print(json.dumps(sorted(set(sys.modules) - before)))"
    code = f"import sys; before = set(sys.modules)\n{statement}\n{report}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    modules = {name.partition(".")[0] for name in json.loads(done.stdout.splitlines()[-1])}
    return {name for name in modules if name not in sys.stdlib_module_names and not name.startswith("_")}


def test_importing_pellucid_loads_nothing_else():
    assert _loaded("import pellucid") == {"pellucid"}


def test_the_list_of_commands_loads_only_what_draws_it():
    quiet = "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):"
    loaded = _loaded(f"from pellucid.cli.main import main\n{quiet} assert main(['--help']) == 0")
    assert loaded <= COMMAND_LINE, "a command is registered by import string and imported when it runs"


def test_asking_for_names_imports_no_plugin():
    everything = ["architectures", "commands", "datasets", "formats", "methods", "networks", "reports"]
    names = "\n".join(f"available({registry!r})" for registry in everything)
    assert HEAVY.isdisjoint(_loaded(f"from pellucid import available\n{names}"))


def test_command_files_load_their_rooms_when_they_run():
    imports = ", ".join(f"pellucid.cli.commands.{name}" for name in available("commands"))
    assert sorted(HEAVY & _loaded(f"import {imports}")) == [], "import inside the command's function"


@pytest.mark.parametrize(("statement", "allowed"), ALLOWED.items(), ids=ALLOWED)
def test_a_room_loads_only_what_it_needs(statement, allowed):
    assert sorted((HEAVY & _loaded(statement)) - allowed) == []


def test_a_first_attribution_does_not_load_torchs_compiler():
    statement = (
        "import pellucid, torch\n"
        "pellucid.attribute(torch.nn.Linear(3, 2), torch.ones(1, 3), 'saliency', target=0)\n"
        "assert 'torch._dynamo' not in sys.modules"
    )
    # It would double the time to the first answer; a TorchDispatchMode must say so in `_should_skip_dynamo`.
    assert "torch" in _loaded(statement)
