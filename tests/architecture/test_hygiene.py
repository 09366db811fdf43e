"""What must not stand in any committed file."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = sorted((ROOT / "src").rglob("*.py"))

# Put together here, for this file is searched too.
HOSTS = ["py" + "pi.org", "python" + "hosted.org", "npm" + "js.org", "deb" + "ian.org", "download.py" + "torch.org"]
MACHINE_PATH = re.compile(r"(?<![\w.~*-])/(?:work|root|home|tmp|opt|Users)/[\w.]")
GLOBAL_STATE = re.compile(
    r"\b(?:np|numpy)\.random\.(?!default_rng|Generator|SeedSequence|PCG64|BitGenerator)\w+"
    r"|\brandom\.(?:seed|random|randint|shuffle|choice)\("
    r"|\btorch\.(?:seed|set_default_dtype|use_deterministic_algorithms)\("
)
EXCEPTION = re.compile(r"#\s*(?:noqa|type:\s*ignore)\b(?::\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*|\[[\w, -]+\])?(.*)")


def _committed() -> list[Path]:
    """Files that are committed or would be: git decides, so that what is ignored is not looked at."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if listed.returncode:
        pytest.skip("this is no git checkout, so nothing says which files are committed")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def _text(path: Path) -> str:
    content = path.read_bytes()
    return "" if b"\0" in content else content.decode("utf-8", errors="replace")


def test_no_package_index_is_named():
    found = [f"{path.relative_to(ROOT)}: {host}" for path in _committed() for host in HOSTS if host in _text(path)]
    assert found == [], "the user's own configuration says where packages come from"


def test_no_path_of_one_machine_is_named():
    found = []
    for path in _committed():
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if MACHINE_PATH.search(line):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}")
    assert found == []


def _imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(_text(path))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def test_no_global_state_of_random_numbers_or_torch_is_touched():
    found = []
    for path in SOURCES:
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if GLOBAL_STATE.search(line.partition("#")[0]):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == [], "take a generator from pellucid.core.randomness"


def test_pyplot_is_nowhere():
    found = [str(path.relative_to(ROOT)) for path in SOURCES if {"matplotlib.pyplot", "pylab"} & _imported(path)]
    assert found == [], "use matplotlib.figure.Figure"


def test_input_is_not_checked_by_assert():
    found = []
    for path in SOURCES:
        asserts = (node for node in ast.walk(ast.parse(_text(path))) if isinstance(node, ast.Assert))
        found += [f"{path.relative_to(ROOT)}:{node.lineno}" for node in asserts]
    assert found == [], "raise an error of pellucid.core.errors: python -O drops assertions"


def test_an_exception_from_a_rule_names_the_rule_and_the_reason():
    found = []
    for path in [*SOURCES, *(ROOT / "tests").rglob("*.py")]:
        for number, line in enumerate(_text(path).splitlines(), start=1):
            exception = None if path.samefile(__file__) else EXCEPTION.search(line)
            if exception and not exception[1].strip(" #-"):
                found.append(f"{path.relative_to(ROOT)}:{number}: {line.strip()}")
    assert found == [], "write the reason behind it"
