"""Pages that people open, in a real browser without a network: what stands in them, and how they look."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.problem import Finding, Problem, ProblemCode
from domain.recipient_rules import Rule, RuleKind, RuleResult
from reports.validation_page import Checker, ValidationReport, Verdict, write_validation_page

DARK = "--blink-settings=preferredColorScheme=0"

# Shows a page in a frame of some width and says how it came out: how wide it is, and the poorest contrast of any text
# against what is behind it (WCAG 2.2, 1.4.3: at least 4.5).
MEASURE = """<!doctype html><title>measure</title>
<iframe src="PAGE" style="width: WIDTHpx; height: 900px; border: 0" onload="measure(this)"></iframe>
<pre id="measured"></pre>
<script>
function light(color) {
  const [red, green, blue] = color.match(/[\\d.]+/g).slice(0, 3).map(Number).map(one => {
    const part = one / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
function behind(element, view) {
  for (let one = element; one; one = one.parentElement) {
    const color = view.getComputedStyle(one).backgroundColor;
    if (color !== "rgba(0, 0, 0, 0)") return color;
  }
  return "rgb(255, 255, 255)";
}
function measure(frame) {
  const view = frame.contentWindow, page = frame.contentDocument;
  let poorest = 99, where = "";
  for (const element of page.querySelectorAll("body *")) {
    const shows = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!shows || element.tagName === "title") continue;
    const style = view.getComputedStyle(element);
    const pair = [light(element.closest("svg") ? style.fill : style.color), light(behind(element, view))];
    const contrast = (Math.max(...pair) + 0.05) / (Math.min(...pair) + 0.05);
    if (contrast < poorest) { poorest = contrast; where = element.outerHTML.slice(0, 80); }
  }
  document.getElementById("measured").textContent = JSON.stringify({
    width: page.documentElement.scrollWidth, visible: page.documentElement.clientWidth, poorest, where,
    cells: page.querySelector("td") ? view.getComputedStyle(page.querySelector("td")).display : "",
  });
}
</script>
"""


def make_report(**changes):
    rules = [
        Rule(RuleKind.ID_PRESENT, "user_id", "user_id is filled in."),
        Rule(RuleKind.VALUE_IN_SET, "city", "city is Berlin, Hamburg or Köln."),
        Rule(RuleKind.VALUE_SHAPE, "coupon", f"coupon: a text that fits the pattern ^[A-Z]{{8}}{'x' * 150}$."),
    ]
    report = ValidationReport(
        campaign="Winter sale",
        campaign_id="01a20678-e211-7079-b4c2-8a880564c85d",
        account="Corner Shop",
        template="Winter sale (sale, en, version 3)",
        suite="sale en version 3",
        file_name="list.xlsx",
        sha256="70ebf083" * 8,
        validated_at=datetime(2026, 11, 23, 3, 35, 24, tzinfo=UTC),
        verdict=Verdict.REFUSED,
        refusal="190 problems were found; add `--accept-valid` to send the good rows.",
        row_count=60_000,
        good_count=59_810,
        results=[RuleResult(rule, 60_000, 12 * place) for place, rule in enumerate(rules)],
        checked_by=Checker.SUITE,
        by_kind=((ProblemCode.MISSING_VALUE, 5), (ProblemCode.BAD_VALUE, 1_185)),
        problems=[
            Problem(Finding.VALUE_NOT_IN_SET, row, "city", {"found": "<b>x</b>" + "y" * 52, "advice": "write Berlin"})
            for row in range(2, 102)
        ],
        next_steps=("Mend the rows.", "Look first: `windowcast check --account 'Corner Shop' --file list.xlsx`"),
    )
    return replace(report, **changes)


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "page.html"
    write_validation_page(path, make_report())
    return path


def measured(browser, page, *options, width):
    harness = page.with_name("measure.html")
    harness.write_text(MEASURE.replace("PAGE", page.as_uri()).replace("WIDTH", str(width)), encoding="utf-8")
    document = browser.document(harness, "--allow-file-access-from-files", "--virtual-time-budget=5000", *options)
    found = re.search(r'<pre id="measured">(.*?)</pre>', document, re.DOTALL)
    return json.loads(found[1].replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"))


def test_the_validation_page_opens_without_a_network_and_says_all(browser, page):
    document = browser.document(page)

    assert '<html lang="en">' in document
    assert '<p class="verdict bad" id="verdict">Refused</p>' in document
    assert document.count('class="bar"') == 2
    assert document.count("<tbody>") == 2
    assert document.count('data-label="Problem"') == 100
    assert "The first 100 of 1,190" in document
    # What a cell held is shown, and is no part of the page.
    assert "&lt;b&gt;x&lt;/b&gt;" in document


def test_the_validation_page_is_seen_in_light_and_in_dark(browser, page):
    light = browser.picture(page, width=600, height=500)
    dark = browser.picture(page, DARK, width=600, height=500)

    assert (light.width, light.height) == (600, 500)
    assert sum(light.color(2, 2)) > 700
    assert sum(dark.color(2, 2)) < 100
    # Letters, marks and edges: a page without its styles has two colors and their mixtures.
    assert min(len(light.colors()), len(dark.colors())) > 100
    assert (0xFD, 0xE7, 0xE8) in {tuple(color) for color in light.colors()}


@pytest.mark.parametrize("options", [pytest.param((), id="light"), pytest.param((DARK,), id="dark")])
def test_every_text_of_the_validation_page_stands_out_from_what_is_behind_it(browser, page, options):
    found = measured(browser, page, *options, width=1000)

    assert found["poorest"] >= 4.5, found


@pytest.mark.parametrize(("width", "cells"), [(360, "flex"), (768, "table-cell"), (1400, "table-cell")])
def test_the_validation_page_fits_its_width_from_phone_to_screen(browser, page, width, cells):
    found = measured(browser, page, width=width)

    assert found["width"] <= found["visible"] <= width, found
    assert found["cells"] == cells


def test_the_validation_page_prints_on_paper(browser, page):
    printed = browser.printed(page)

    assert printed.startswith(b"%PDF-")
    assert 2 < len(re.findall(rb"/Type */Page\b", printed)) < 20


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_mark(browser, tmp_path, verdict):
    path = tmp_path / "page.html"
    write_validation_page(path, make_report(verdict=verdict, checked_by=Checker.NOBODY, problems=(), by_kind=()))

    document = browser.document(path)

    assert re.search(rf'<p class="verdict (good|part|bad)" id="verdict">{verdict}</p>', document)
    assert "No row was looked at" in document
