"""What the README shows works."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pellucid.cli.main import application

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
COMMANDS = re.findall(r"^    (pellucid .+?)(?:  +#.*)?$", README.replace("\\\n", ""), re.MULTILINE)


def test_a_network_of_your_own_is_explained_as_shown(tmp_path, monkeypatch):
    (block,) = (block for block in BLOCKS if "nn.Sequential" in block)
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    exec(block, names)
    assert names["relevance"].shape == names["inputs"].shape
    assert names["attribution"].relevance.shape == names["inputs"].shape
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == ["card.json", "weights.safetensors"]


def test_there_is_a_line_for_most_commands():
    assert len({line.split()[1] for line in COMMANDS}) >= 7


@pytest.mark.parametrize("line", COMMANDS)
def test_a_command_is_written_as_it_is_understood(line):
    words = shlex.split(line)
    command, _, _ = application([words[1]]).parse_args(words[1:], exit_on_error=False, print_error=False)
    assert command.__name__ == words[1].replace("-", "_")


@pytest.mark.parametrize("target", re.findall(r"\]\((?!https?:)([^)#]+)\)", README))
def test_what_is_linked_is_there(target):
    assert (ROOT / target).is_file()
