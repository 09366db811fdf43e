from __future__ import annotations

import base64
import json
import re

import pandas as pd
import pytest
from audited import audited

from pellucid.datasets.splits import read_split
from pellucid.reports.kinds.audit import audit


@pytest.fixture(scope="module")
def page(tmp_path_factory):
    return audit(audited("glioma"), tmp_path_factory.mktemp("audit") / "out")


def test_everything_lies_in_the_folder(page):
    assert sorted(path.name for path in page.parent.iterdir()) == [
        "audit.json", "classes.csv", "pairs.png", "report.html", "split.csv",
    ]  # fmt: skip
    assert json.loads((page.parent / "audit.json").read_text())["leak"]["exact"] == {"glioma": 1, "other": 0}
    assert pd.read_csv(page.parent / "classes.csv", index_col="class").loc["glioma", "test, equal in training"] == 1
    assert len(read_split(page.parent / "split.csv")) == 39


def test_the_page_says_what_was_found(page):
    text = page.read_text()
    assert "<h1>1 of 10 test records has a twin in training.</h1>" in text
    assert re.search(r'<th scope="row">glioma</th><td class="number">5</td><td class="number">15</td>', text)
    assert re.search(r"brightness<small>.*?100\.0%</td><td class=\"number\">50\.0%</td><td>yes</td>", text)
    assert '<p class="mark bad">Of 5 glioma test records' in text
    assert '<p class="mark doubt">This set names no patients' in text
    assert text.count("Research use only, not a diagnosis.") == 2


def test_the_worst_pairs_are_in_the_page_itself(page):
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', page.read_text())
    assert base64.b64decode(data) == (page.parent / "pairs.png").read_bytes()


def test_without_a_pair_there_is_no_picture(tmp_path):
    page = audit(audited(leaking=False), tmp_path)
    assert "The worst pairs" not in page.read_text()
    assert not (tmp_path / "pairs.png").exists()


def test_what_could_not_be_read_is_listed(tmp_path):
    found = audited("glioma", leaking=False)
    found.read.skipped["broken.png"] = "is a damaged picture"
    assert "<li>broken.png: is a damaged picture</li>" in audit(found, tmp_path).read_text()
