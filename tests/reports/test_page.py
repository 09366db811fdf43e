from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser

import pytest
from explained import HOSTILE, explanation, slice_explanation

from pellucid.figures import style
from pellucid.reports.description import describe
from pellucid.reports.maps import maps_of
from pellucid.reports.page import island, page, script
from pellucid.reports.viewer_data import viewer_data


class Tags(HTMLParser):
    def __init__(self, html):
        super().__init__()
        self.tags, self.inside, self.texts = [], None, {}
        self.feed(html)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self.inside = dict(attrs).get("id", tag) if tag == "script" else tag

    def handle_data(self, data):
        self.texts[self.inside] = self.texts.get(self.inside, "") + data

    def named(self, name):
        return [attributes for tag, attributes in self.tags if tag == name]


def made(*explanations, truth=None, embedded=True, title="pellucid"):
    records = []
    for number, shown in enumerate(explanations, start=1):
        maps = list(maps_of(shown))
        data = island(viewer_data(shown.record, maps)) if embedded else None
        records.append(describe(shown, maps, number=number, folder=f"f{number}", truth=truth, data=data))
    return page(records, title=title)


def test_policy_allows_the_pages_own_script_and_no_request():
    html = made(explanation())
    tags = Tags(html)
    (policy,) = (meta["content"] for meta in tags.named("meta") if "http-equiv" in meta)
    code = re.search(r'<script type="module">(.*?)</script>', html, re.DOTALL)[1]
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    assert policy.split("; ")[:2] == ["default-src 'none'", f"script-src 'sha256-{digest}'"]
    assert "img-src data:" in policy
    assert "http" not in policy


def test_nothing_is_fetched():
    html = made(explanation(), slice_explanation())
    assert not re.search(r"""(?:src|href)\s*=\s*["'](?!#|data:|f\d/)""", html)
    assert "@import" not in html
    assert "url(" not in html
    assert not re.search(r"\bfetch\(|XMLHttpRequest|WebSocket|sendBeacon|import\(", script())


def test_names_of_strangers_stay_text():
    shown = explanation(HOSTILE)
    tags = Tags(made(shown, explanation("b"), title=HOSTILE))
    assert tags.named("img") == []
    assert len(tags.named("script")) == 3
    data = json.loads(tags.texts["data-record-1"])
    assert data["name"] == HOSTILE
    assert HOSTILE in tags.texts["title"]


def test_islands_hold_no_markup():
    text = str(island({"name": "</script><!--&\u2028"}))
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"name": "</script><!--&\u2028"}
    with pytest.raises(ValueError, match="JSON compliant"):
        island({"x": float("nan")})


def test_one_record_needs_no_list_and_several_have_one():
    assert Tags(made(explanation())).named("nav") == []
    tags = Tags(made(explanation("a"), explanation("b")))
    assert len(tags.named("nav")) == 1
    articles = tags.named("article")
    assert [("hidden" in attributes) for attributes in articles] == [False, True]
    assert [link["href"] for link in tags.named("a") if link["href"].startswith("#rec")] == ["#record-1", "#record-2"]


def test_the_answer_comes_before_the_picture_and_the_picture_before_the_details():
    html = made(explanation(), truth={"AFIB": None})
    order = (
        "Found: complete right", "Known to be there: AFIB", ">found</span>", "Where the network looked",
        "What this can and cannot say", "Shares of the leads", "Where this came from",
    )  # fmt: skip
    places = [html.index(text) for text in order]
    assert places == sorted(places)
    assert html.count("Research use only, not a diagnosis.") == 2


@pytest.mark.parametrize(
    ("title", "brand"),
    [("pellucid", "pellucid"), ("pellucid demo: x", "pellucid <span>demo: x</span>"), ("y", "pellucid <span>y</span>")],
)
def test_the_title_stands_behind_the_name_and_does_not_repeat_it(title, brand):
    html = made(explanation(), title=title)
    assert f'<p class="brand">{brand}</p>' in html
    assert f"<title>{title}</title>" in html


def test_a_record_that_is_left_out_says_where_its_pictures_are():
    html = made(explanation(), embedded=False)
    assert 'href="f1/"' in html
    assert 'class="viewer"' not in html


def test_classes_that_exclude_each_other_have_no_threshold():
    assert "Threshold</th>" in made(explanation())
    assert "Threshold</th>" not in made(slice_explanation())


def test_the_page_has_the_figures_colours():
    html = made(explanation())
    light = html[html.index(":root {") : html.index("@media")]
    for name, colour in (
        ("for", style.FOR),
        ("against", style.AGAINST),
        ("strength", style.STRENGTH),
        ("truth", style.TRUTH),
    ):
        assert f"--v-{name}: {colour};" in light


def test_the_script_is_one_module_without_imports():
    assert not re.search(r"^(?:import|export) ", script(), re.MULTILINE)
    assert "</script" not in script()
    names = re.findall(r"^(?:async )?(?:function|class|const|let) (\w+)", script(), re.MULTILINE)
    assert sorted(names) == sorted(set(names))
