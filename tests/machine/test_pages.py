"""Pages that people open, in a real browser without a network: what stands in them, and how they look."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from domain.eligibility import (
    HORIZONS,
    AccountEligibility,
    ComingCampaign,
    EligibilityReport,
    HourCount,
    Night,
    coming_habits,
    coming_starts,
)
from domain.problem import Finding, Problem, ProblemCode
from domain.recipient_rules import Rule, RuleKind, RuleResult
from reports.eligibility_page import write_eligibility_page
from reports.history import CAMPAIGN_COLUMNS, History
from reports.history_page import write_history_page
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


NOW = datetime(2026, 11, 24, 3, 30, 12, tzinfo=UTC)


def make_eligibility():
    """Two accounts, of which one knows what is usual, with a gap of two nights and names that are long."""
    closings = [(datetime(2026, 11, 24, 3, 59, tzinfo=UTC) + timedelta(hours=hour), 100) for hour in range(24)]
    hours = [
        HourCount(NOW.replace(minute=0, second=0) - timedelta(hours=h), 2_000 + 9 * (h % 24), h) for h in range(672)
    ]
    first = AccountEligibility(
        account_id=1, account="Corner Shop " + "x" * 60, per_second=40.0, known=10_000, open_now=2_400, closed=7_500,
        opted_out=60, cooling_off=40, opted_out_unseen=3, never_wrote=None, open_at_cap=5,
        closing={hours: 100 * hours for hours in HORIZONS}, by_opener={"message": 2_000, "postback": 400},
        compared_with=NOW - timedelta(hours=24), is_compared_with_night=True, was_open=2_450, newly_open=700, lost=750,
        lost_suppressed=20, newest_interaction_at=NOW, old_warning="The newest interaction is old.",
        starts=coming_starts(closings, now=NOW, people=2_400, per_second=40.0), habits=(), weeks_measured=1,
        hours=tuple(hours[:24]), campaigns=(ComingCampaign("01a2", "Sale " * 9, NOW, 800, 700, 40, 18.0, "is late"),),
        more_campaigns=1,
    )  # fmt: skip
    habits, weeks = coming_habits(hours, now=NOW, zone=EligibilityReport(NOW.date(), "UTC", NOW, (), {}).local)
    second = replace(first, account_id=2, account="Other", habits=habits, weeks_measured=weeks, old_warning=None)
    nights = tuple(
        Night(date(2026, 11, day)) if day in {20, 21} else Night(date(2026, 11, day), NOW, 10_000, 2_000 + day, 70, 75)
        for day in range(1, 25)
    )
    return EligibilityReport(date(2026, 11, 24), "Europe/Berlin", NOW, (first, second), {1: nights, 2: nights})


def make_history():
    """Three campaigns whose names, counts and times are in three different orders; one has no rate."""
    rows = []
    for place, (name, sent) in enumerate([("Beta", 9), ("alpha", 1_000), ("Gamma", 20)]):
        row = dict.fromkeys(CAMPAIGN_COLUMNS, 0) | {"campaign_id": UUID(int=place), "name": name, "account": "Shop"}
        row |= {"state": "finished", "created_at": NOW - timedelta(days=place), "sent_count": sent, "language": "en"}
        row |= {"template": "sale", "scheduled_at": None, "started_at": NOW, "ended_at": NOW}
        rows.append(row | {"sent_rate": None if name == "Gamma" else sent / 1_000})
    reasons = [
        {"campaign": "Beta", "account": "Shop", "state": "failed", "reason": reason, "provider_code": None,
         "provider_subcode": None, "message_count": 7, "newest_at": NOW, "campaign_id": UUID(int=0)}
        for reason in ("message_refused", "window_closed")
    ]  # fmt: skip
    rate = {"minute": NOW, "campaign": "Beta", "account": "Shop", "sent_count": 9, "per_second": 0.15, "pace": 40}
    return History(
        NOW - timedelta(days=30), NOW, "UTC", None, rows, (), reasons, [{**rate, "campaign_id": UUID(int=0)}]
    )


@pytest.fixture(params=["eligibility", "history"])
def report_page(request, tmp_path):
    path = tmp_path / f"{request.param}.html"
    if request.param == "eligibility":
        write_eligibility_page(path, make_eligibility())
    else:
        write_history_page(path, make_history())
    return path


def test_a_report_opens_without_a_network_with_its_plots(browser, report_page):
    document = browser.document(report_page)

    assert '<html lang="en">' in document
    assert document.count("<svg") == document.count('<figure role="img"') == (6 if "Night of" in document else 3)
    assert "ERR_" not in document


def test_a_report_is_seen_with_plots_in_more_than_one_color(browser, report_page):
    picture = browser.picture(report_page, width=1000, height=1600)

    assert (0x2F, 0x6F, 0xB2) in {tuple(color) for color in picture.colors()}  # bars and lines
    assert len(picture.colors()) > 100


@pytest.mark.parametrize("options", [pytest.param((), id="light"), pytest.param((DARK,), id="dark")])
def test_every_text_of_a_report_stands_out_from_what_is_behind_it(browser, report_page, options):
    found = measured(browser, report_page, *options, width=1000)

    assert found["poorest"] >= 4.5, found


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_a_report_fits_its_width_from_phone_to_screen(browser, report_page, width):
    found = measured(browser, report_page, width=width)

    assert found["width"] <= found["visible"] <= width, found


def test_a_report_prints_on_paper(browser, report_page):
    assert browser.printed(report_page).startswith(b"%PDF-")


# Clicks on the heads of the table of campaigns, and says in which order the names then stand.
SORT = """<!doctype html><title>sort</title>
<iframe src="PAGE" style="width: 1000px; height: 900px" onload="sort(this)"></iframe><pre id="sorted"></pre>
<script>
function sort(frame) {
  const table = frame.contentDocument.getElementById("campaigns-table"), told = {};
  for (const name of ["Name", "Sent", "Created", "Sent rate"]) {
    const head = [...table.tHead.rows[0].cells].find(cell => cell.textContent === name);
    for (const way of ["up", "down"]) {
      head.querySelector("button").click();
      told[name + " " + way] = [...table.tBodies[0].rows].map(row => row.cells[0].textContent).join(" ");
      told[name + " " + way + " aria"] = head.getAttribute("aria-sort");
    }
  }
  document.getElementById("sorted").textContent = JSON.stringify(told);
}
</script>
"""


def test_the_tables_of_the_history_are_sorted_by_a_click(browser, tmp_path):
    page = tmp_path / "history.html"
    write_history_page(page, make_history())
    harness = tmp_path / "sort.html"
    harness.write_text(SORT.replace("PAGE", page.as_uri()), encoding="utf-8")

    document = browser.document(harness, "--allow-file-access-from-files", "--virtual-time-budget=5000")

    told = json.loads(re.search(r'<pre id="sorted">(.*?)</pre>', document, re.DOTALL)[1])
    assert {key: order for key, order in told.items() if not key.endswith("aria")} == {
        "Name up": "alpha Beta Gamma", "Name down": "Gamma Beta alpha",
        "Sent up": "Beta Gamma alpha", "Sent down": "alpha Gamma Beta",
        "Created up": "Gamma alpha Beta", "Created down": "Beta alpha Gamma",
        # Whatever the direction, what has no value stands last.
        "Sent rate up": "Beta alpha Gamma", "Sent rate down": "alpha Beta Gamma",
    }  # fmt: skip
    assert (told["Name up aria"], told["Name down aria"]) == ("ascending", "descending")
