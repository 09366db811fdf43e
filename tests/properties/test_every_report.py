"""What every kind of report promises: a folder that stands for itself, whatever a record is called.

The examples of a kind are in MADE: a function that writes its smallest report about a record of this name.
"""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser

import numpy as np
import pytest
import torch
from audited import audited

from pellucid import EcgRecord, explain
from pellucid.core.registry import Registry
from pellucid.networks.network import Network

KINDS = Registry("pellucid.reports.kinds", "report")
HOSTILE = '</script><img src=x onerror="alert(1)">&\'"../../up'
FETCHING = {"src", "href", "srcset", "data", "action", "poster", "xlink:href"}


class Mean(torch.nn.Module):
    def forward(self, x):
        return x.mean(-1)[:, :2]


def of_records(make, folder, name):
    signal = np.random.default_rng(0).normal(size=(12, 300)).astype(np.float32)
    network = Network(Mean(), ["A", "B"], sampling_rate=100, length=300)
    record = EcgRecord(signal=signal, sampling_rate=100, name=name)
    return make([explain(record, network, methods="saliency")], folder, picture_formats=("svg",))


def of_an_audit(make, folder, name):
    return make(audited(name), folder)


MADE = {"audit": of_an_audit, "record": of_records}


class Tags(HTMLParser):
    """Collects what a browser would fetch, and the tags by name."""

    def __init__(self, text):
        super().__init__()
        self.fetched, self.names, self.handlers = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names.append(tag)
        self.fetched += [value for name, value in attrs if name in FETCHING]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


@pytest.fixture(params=KINDS.names)
def written(request, tmp_path):
    """Return a function that writes the report about a record of a name, and returns its page."""
    return lambda name: MADE[request.param](KINDS[request.param], tmp_path / "report", name)


def test_it_writes_a_page_into_its_folder_and_returns_it(written, tmp_path):
    page = written("patient")
    assert page.parent == tmp_path / "report"
    assert "patient" in page.read_text(encoding="utf-8")
    for path in page.parent.rglob("*.json"):
        json.loads(path.read_text(encoding="utf-8"))


def test_nothing_is_fetched_from_elsewhere(written):
    page = written("patient")
    text = page.read_text(encoding="utf-8")
    assert not re.search(r"@import|url\((?!['\"]?(?:data:|#))", text)
    for target in Tags(text).fetched:
        here = page.parent / target
        assert target.startswith(("#", "data:")) or (here.is_file() and here.resolve().is_relative_to(page.parent))


def test_a_hostile_name_is_text_and_leads_nowhere(written, tmp_path):
    plain, hostile = (Tags(written(name).read_text(encoding="utf-8")) for name in ("patient", HOSTILE))
    assert hostile.names == plain.names
    assert hostile.handlers == plain.handlers == []
    assert [path.name for path in tmp_path.iterdir()] == ["report"]


def test_the_same_again_gives_the_same_page(written):
    assert written("patient").read_bytes() == written("patient").read_bytes()
