"""The report in a real browser, from disk: nothing is asked of a network, nothing goes wrong, everything moves."""

from __future__ import annotations

import json

import pytest
from explained import HOSTILE, explanation, place, slice_explanation
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait

from pellucid.reports.kinds.record import record

pytestmark = pytest.mark.browser

INK = """
const canvas = document.querySelector('article:not([hidden]) canvas');
const {data} = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
let orange = 0, blue = 0, violet = 0, dark = 0, green = 0;
for (let i = 0; i < data.length; i += 4) {
  const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
  if (r > b + 90 && r > g + 40) orange += 1;
  if (b > r + 90 && b > g + 40 && r < 130) blue += 1;
  if (r > g + 60 && b > g + 80 && r > 110) violet += 1;
  if (g > r + 40 && g > b + 20) green += 1;
  if (r + g + b < 150) dark += 1;
}
return {orange, blue, violet, dark, green};
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Four records: two classes with known places; a hostile name and a long record; a slice."""
    first = explanation("first", (0.6, 0.93, 0.1))
    shown = [first, explanation(HOSTILE), explanation("long", samples=40_000), slice_explanation()]
    folder = tmp_path_factory.mktemp("report")
    return record(shown, folder, picture_formats=(), truths=[{"CRBBB": place(first.record)}, {}, None, None])


class Page:
    """What a reader can do on the page."""

    def __init__(self, driver, path):
        self.driver = driver
        self.address = path.as_uri()

    def open(self, number=1):
        self.driver.get("about:blank")
        for log in ("browser", "performance"):
            self.driver.get_log(log)
        self.driver.get(f"{self.address}#record-{number}")
        return self.ready()

    def ready(self):
        WebDriverWait(self.driver, 20).until(lambda _: self.find(".viewer[data-ready]"))
        self.frame()
        return self

    def frame(self):
        self.driver.execute_async_script(
            "const go = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(go))"
        )

    def find(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, f"article:not([hidden]) {selector}")

    def text(self, selector):
        return self.find(selector)[0].text

    def ink(self):
        self.frame()
        return self.driver.execute_script(INK)

    def pick(self, group, words):
        groups = [one for one in self.find(".v-choice") if one.text.startswith(group)]
        (label,) = (one for one in groups[0].find_elements(By.TAG_NAME, "label") if one.text == words)
        label.click()
        self.frame()

    def window(self):
        self.frame()
        words = self.text(".v-caption").split("Seconds ")[1].split(" of ")[0].split(" to ")
        return float(words[0]), float(words[1])

    def press(self, *keys):
        self.find("canvas.v-paper")[0].send_keys(*keys)
        return self.window()

    def mouse(self, kind, x, y, **more):
        self.driver.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y, **more})
        self.frame()

    def middle(self):
        canvas = self.find("canvas.v-paper")[0]
        self.driver.execute_script("arguments[0].scrollIntoView()", canvas)
        box = self.driver.execute_script(
            "const b = arguments[0].getBoundingClientRect(); return [b.left, b.top, b.width]", canvas
        )
        return box[0] + box[2] / 2, box[1] + 120


@pytest.fixture
def page(chromium, report):
    return Page(chromium, report).open()


@pytest.mark.parametrize("number", [1, 2, 3, 4])
def test_every_record_opens_from_disk_with_no_complaint_and_no_request(page, number):
    page.open(number)
    assert page.driver.get_log("browser") == []
    asked = [json.loads(entry["message"])["message"] for entry in page.driver.get_log("performance")]
    addresses = {entry["params"]["request"]["url"] for entry in asked if entry["method"] == "Network.requestWillBeSent"}
    assert {address.split("#")[0] for address in addresses} <= {page.address, "data:,"}
    assert page.driver.title == "pellucid"


def test_the_policy_refuses_requests_and_foreign_code(page):
    script = """
    const go = arguments[0];
    const seen = [];
    document.addEventListener('securitypolicyviolation', (event) => seen.push(event.effectiveDirective));
    const code = document.createElement('script');
    code.textContent = 'window.foreign = 1';
    document.body.append(code);
    const image = new Image();
    image.src = 'https://example.org/x.png';
    fetch('https://example.org/').catch(() => setTimeout(() => go([seen, window.foreign ?? null]), 100));
    """
    seen, foreign = page.driver.execute_async_script(script)
    assert set(seen) == {"script-src-elem", "img-src", "connect-src"}
    assert foreign is None


def test_answer_picture_and_details_are_there(page):
    assert page.text("h1").startswith("Found: complete right bundle branch block (CRBBB) and atrial fibrillation")
    assert page.text(".mark.bad") == "Wrong. Known to be there: CRBBB. The network finds AFIB, which is not there."
    ink = page.ink()
    assert min(ink["orange"], ink["blue"], ink["dark"], ink["green"]) > 100
    assert ink["violet"] == 0
    assert page.text(".shares tbody tr:nth-child(7)").startswith("V1 22.3 %")


def test_methods_classes_and_styles_change_the_picture(page):
    signed = page.ink()
    page.pick("Method", "saliency")
    positive = page.ink()
    assert positive["violet"] > 100
    assert positive["blue"] == 0
    assert "not whether for or against CRBBB" in page.text(".words")
    assert page.text(".v-bar").startswith("none 0")
    page.pick("Method", "integrated gradients")
    page.pick("Relevance", "Along the trace")
    along = page.ink()
    assert along["orange"] != signed["orange"]
    page.pick("Relevance", "Hidden")
    hidden = page.ink()
    assert hidden["dark"] > 0
    assert hidden["orange"] < along["orange"] / 2  # the shares at the side stay
    page.pick("Class", "AFIB")
    assert "Orange speaks for AFIB" in page.text(".words")
    assert not page.find(".v-toggle")[0].is_displayed()  # where AFIB shows is not known


def test_known_places_can_be_hidden(page):
    assert page.ink()["green"] > 100
    page.find(".v-toggle input")[0].click()
    assert page.ink()["green"] == 0


def test_keys_zoom_and_move(page):
    assert page.window() == (0, 10)
    start, end = page.press("+")
    assert (end - start, start + end) == pytest.approx((6.25, 10), abs=0.02)
    assert page.press(Keys.ARROW_RIGHT) == pytest.approx((start + 0.625, end + 0.625), abs=0.02)
    assert page.press(Keys.HOME) == pytest.approx((0, 6.25), abs=0.02)
    assert page.press(Keys.END) == pytest.approx((3.75, 10), abs=0.02)
    assert page.press("-") == (0, 10)
    for _ in range(12):
        shown = page.press("+")
    assert shown[1] - shown[0] == pytest.approx(0.25)
    assert page.press("0") == (0, 10)


def test_buttons_wheel_and_drag_zoom_and_move(page):
    page.find('[aria-label="Zoom in"]')[0].click()
    page.find('[aria-label="Zoom in"]')[0].click()
    start, end = page.window()
    assert end - start == pytest.approx(10 / 2.56, abs=0.02)
    page.find('[aria-label="Later"]')[0].click()
    later = page.window()
    assert later[0] > start
    x, y = page.middle()
    page.mouse("mousePressed", x, y, button="left", buttons=1)
    page.mouse("mouseMoved", x + 100, y, button="left", buttons=1)
    page.mouse("mouseReleased", x + 100, y, button="left")
    assert page.window()[0] < later[0]
    span = page.window()[1] - page.window()[0]
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=-100, modifiers=2)
    assert page.window()[1] - page.window()[0] < span
    before = page.window()
    page.mouse("mouseWheel", x, y, deltaX=0, deltaY=100)  # without Ctrl the page scrolls
    assert page.window() == before
    page.find('[aria-label="Show the whole record"]')[0].click()
    assert page.window() == (0, 10)


def test_values_are_read_by_mouse_and_by_keys(page):
    assert page.text(".v-readout").startswith("Point at the ECG")
    x, y = page.middle()
    page.mouse("mouseMoved", x, y)
    assert " mV " in page.text(".v-readout")
    assert "relevance " in page.text(".v-readout")
    page.mouse("mouseMoved", 2, 2)
    page.press(Keys.ARROW_DOWN)
    page.press(Keys.ARROW_DOWN, ".")
    assert page.text(".v-readout").startswith("II · 5.010 s · ")
    page.press(Keys.ESCAPE)
    assert page.text(".v-readout").startswith("Point at the ECG")


def test_records_are_chosen_by_list_buttons_table_and_address(page):
    page.driver.find_element(By.CSS_SELECTOR, ".step .after").click()
    page.ready()
    assert page.text(".eyebrow").startswith(HOSTILE)
    Select(page.driver.find_element(By.CSS_SELECTOR, ".step select")).select_by_visible_text("head")
    page.ready()
    assert page.text(".eyebrow").startswith("head")
    page.driver.find_element(By.LINK_TEXT, "first").click()
    page.ready()
    assert page.text(".eyebrow").startswith("first")
    page.driver.back()
    page.ready()
    assert page.text(".eyebrow").startswith("head")


def test_of_a_long_record_the_page_says_what_it_holds(page):
    page.open(3)
    assert "of 400.00. Held here: 65 to 398 s, where relevance is strongest" in page.text(".v-caption")
    start, end = page.window()
    assert end - start < 20


def test_a_slice_shows_pixels_under_relevance(page):
    page.open(4)
    canvas = page.find("canvas.v-slice")[0]
    assert canvas.size["width"] / canvas.size["height"] == pytest.approx(16 * 1.5 / 24, abs=0.02)
    ink = page.ink()
    assert ink["orange"] > 0
    assert ink["blue"] > 0


def test_a_narrow_dark_screen_needs_no_sideways_scrolling(page):
    driver = page.driver
    try:
        driver.execute_cdp_cmd(
            "Emulation.setDeviceMetricsOverride", {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
        )
        dark = [{"name": "prefers-color-scheme", "value": "dark"}]
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": dark})
        for number in (1, 2, 4):
            page.open(number)
            assert driver.execute_script("return document.documentElement.scrollWidth") == 360
        page.open(1)
        assert page.window()[1] < 5  # as few seconds as can be read
        ground, ink = driver.execute_script(
            "const s = getComputedStyle(document.body); return [s.backgroundColor, s.color]"
        )
        assert ground == "rgb(15, 18, 22)"
        assert ink == "rgb(238, 241, 245)"
    finally:
        driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
