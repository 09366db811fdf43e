"""Chromium for the tests of this folder, and the explanations of `tests/reports/explained.py`."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "reports"))

SWITCHES = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--force-device-scale-factor=1",
    "--window-size=1280,900",
)
WHERE = ("/usr/bin", "/usr/lib/chromium", "/usr/lib/chromium-browser", "/snap/bin")


def _program(*names: str) -> str:
    found = [shutil.which(name) or shutil.which(name, path=":".join(WHERE)) for name in names]
    program = next(filter(None, found), None)
    if program is None:
        pytest.skip(f"needs {names[0]}: apt-get install chromium chromium-driver")
    return program


@pytest.fixture(scope="session")
def chromium(tmp_path_factory):
    """A headless Chromium with a profile of its own, which logs what it says and asks for."""
    webdriver = pytest.importorskip("selenium.webdriver", reason="needs selenium: pip install 'pellucid[dev]'")
    options = webdriver.ChromeOptions()
    options.binary_location = _program("chromium", "chromium-browser", "google-chrome")
    for switch in (*SWITCHES, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(_program("chromedriver"))
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()
