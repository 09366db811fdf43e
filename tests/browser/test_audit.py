"""The audit's page in a real browser: nothing goes wrong, nothing is asked of a network, nothing is cut off."""

from __future__ import annotations

import json

import pytest
from audited import audited

from pellucid.reports.kinds.audit import audit

pytestmark = pytest.mark.browser


def test_the_page_is_whole_and_quiet(chromium, tmp_path):
    page = audit(audited("glioma"), tmp_path)
    chromium.get("about:blank")
    for log in ("browser", "performance"):
        chromium.get_log(log)
    chromium.get(page.as_uri())
    sheet = chromium.find_element("css selector", "img.sheet")
    assert chromium.execute_script("return arguments[0].naturalWidth", sheet) > 500
    assert chromium.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    assert chromium.find_element("css selector", "h1").text.startswith("1 of 10 test records")
    assert chromium.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in chromium.get_log("performance")]
    asked = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
