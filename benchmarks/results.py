"""`RESULTS.md`: one section a question, each written by the file of that name."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

RESULTS = Path(__file__).with_name("RESULTS.md")
HEAD = "# Benchmarks\n\nWritten by the files of this folder; run one to write its section anew.\n"


def write(question: str, title: str, text: str, options: str = "") -> None:
    """Print a question's answer and put it into its section of `RESULTS.md`, one for each command with its options."""
    command = f"`python benchmarks/{question}.py{options}`"
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
    section = f"\n## {title}\n\n{command} on {machine}.\n\n{text}\n"
    content = RESULTS.read_text(encoding="utf-8") if RESULTS.is_file() else HEAD
    start, *others = re.split(r"(?m)(?=^\n## )", content)
    kept = [other for other in others if command not in other]
    RESULTS.write_text(start + "".join(sorted([*kept, section])), encoding="utf-8")
    print(text)
