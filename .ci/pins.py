"""Turn pip's installation report into pins: `python .ci/pins.py report.json > constraints.txt`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

report = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
print("# The whole tree of pellucid[all,dev], written by `make constraints`.")
for item in sorted(report["install"], key=lambda item: item["metadata"]["name"].lower()):
    name = re.sub(r"[-_.]+", "-", item["metadata"]["name"]).lower()
    version = item["metadata"]["version"].partition("+")[0]  # `+cpu` would refuse every other build
    if name != "pellucid":
        print(f"{name}=={version}")
