"""Who works on a study: a killed process is known for certain, one on another machine is left alone."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from pathlib import Path

from pellucid.training.search_workers import working

_CHILD = """
import sys, time
from pathlib import Path
from pellucid.training.search_workers import working
with working(Path(sys.argv[1])) as worker:
    print(worker.name, flush=True)
    time.sleep(60)
"""


def test_a_process_is_at_work_until_it_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _CHILD, str(tmp_path)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        name = child.stdout.readline().strip()
        with working(tmp_path) as worker:
            assert worker.owner_lives(worker.name)
            assert worker.owner_lives(name)
            child.send_signal(signal.SIGKILL)
            child.wait()
            assert (tmp_path / "workers" / name).is_file()  # it could not tidy up
            assert not worker.owner_lives(name)
            assert not (tmp_path / "workers" / name).exists()
    assert list((tmp_path / "workers").iterdir()) == []


def test_a_worker_of_another_machine_counts_as_alive_until_its_file_is_removed(tmp_path: Path) -> None:
    with working(tmp_path) as worker:
        path = tmp_path / "workers" / "7-abc"
        path.write_text(json.dumps({"host": "another.machine", "process": 7}))
        assert worker.owner_lives("7-abc")
        assert worker.elsewhere("7-abc") == f"another.machine ({path})"
        assert worker.elsewhere(worker.name) is None
        path.unlink()
        assert not worker.owner_lives("7-abc")
        assert worker.elsewhere("7-abc") is None
