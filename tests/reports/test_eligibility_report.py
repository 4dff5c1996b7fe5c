"""A night's report as page, workbook and markdown: the same figures everywhere; nothing in it runs or is fetched."""

import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from zoneinfo import ZoneInfo

import openpyxl
import pytest

from domain.eligibility import (
    AccountEligibility,
    ComingCampaign,
    EligibilityReport,
    HourCount,
    Night,
    NightKept,
    SegmentFacts,
    coming_habits,
    coming_starts,
)
from domain.errors import NotFoundError
from domain.window import OPENERS
from reports.eligibility_page import eligibility_markdown, eligibility_page, write_eligibility_page
from reports.eligibility_words import OPENER_WORDS, headline, sentences
from reports.eligibility_workbook import (
    NIGHT_COLUMNS,
    NIGHTS,
    NOT_MEASURED,
    OVERVIEW,
    OVERVIEW_COLUMNS,
    START_COLUMNS,
    write_eligibility_workbook,
)

NASTY = "<script>alert(1)</script>\"'&{{7*7}}{% raw %} $x_1$ <img src=http://x.invalid onerror=x>"
NOW = datetime(2026, 11, 24, 3, 30, 12, tzinfo=UTC)
BERLIN = "Europe/Berlin"


def make_account(number=1, **changes):
    """An account of whose 2,400 open people a hundred are lost in each hour."""
    closings = [(datetime(2026, 11, 24, 3, 59, tzinfo=UTC) + timedelta(hours=hour), 100) for hour in range(24)]
    hours = [
        HourCount(NOW.replace(minute=0, second=0) - timedelta(hours=hour), 1000 + 7 * (hour % 24) + hour // 168, hour)
        for hour in range(28 * 24)
    ]
    habits, weeks = coming_habits(hours, now=NOW, zone=ZoneInfo(BERLIN))
    account = AccountEligibility(
        account_id=number,
        account=f"Shop {number}",
        per_second=40.0,
        known=10_000,
        open_now=2_400,
        closed=7_500,
        opted_out=60,
        cooling_off=40,
        opted_out_unseen=3,
        never_wrote=None,
        open_at_cap=5,
        closing={1: 100, 3: 300, 6: 600, 12: 1_200, 24: 2_400},
        by_opener={"message": 2_000, "postback": 400},
        compared_with=NOW - timedelta(hours=24),
        is_compared_with_night=True,
        was_open=2_450,
        newly_open=700,
        lost=750,
        lost_suppressed=20,
        newest_interaction_at=NOW - timedelta(minutes=4),
        old_warning=None,
        starts=coming_starts(closings, now=NOW, people=2_400, per_second=40.0),
        habits=habits,
        weeks_measured=weeks,
        hours=tuple(sorted(hours, key=lambda hour: hour.at)[-24:]),
        campaigns=(ComingCampaign("01a2", "Winter sale", NOW + timedelta(hours=14), 800, 700, 40, 18.0, "is late"),),
        more_campaigns=0,
    )
    return replace(account, **changes)


def make_report(*accounts, **changes):
    accounts = accounts or (make_account(),)
    nights = tuple(
        Night(date(2026, 11, day))
        if day == 22
        else Night(date(2026, 11, day), NOW, 10_000 + day, 2_000 + day, 700 + day, 750 + day)
        for day in range(20, 25)
    )
    trends = {one.account_id: nights for one in accounts}
    report = EligibilityReport(date(2026, 11, 24), BERLIN, NOW, tuple(accounts), trends, kept=NightKept.KEPT)
    return replace(report, **changes)


class Seen(HTMLParser):
    """The tags, attributes and texts of a page, and the rows of its tables."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.attributes, self.texts, self.rows = [], [], [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        if tag in {"td", "th"}:
            self.rows[-1].append("")

    def handle_data(self, data):
        self.texts.append(" ".join(data.split()))
        if self.rows and self.rows[-1]:
            self.rows[-1][-1] += data.strip()


def test_the_page_says_what_a_start_reaches_and_what_it_gives_up():
    report = make_report()

    texts = Seen(eligibility_page(report)).texts

    for text in (
        "Night of Tuesday, 24 November 2026", "Shop 1", "2,400", "Closing windows", "Wrote a message",
        "Pressed a button",
        "Send now to reach 2,400 people; 100 windows close within the hour.",
        "Since 2026-11-23 04:30: 700 newly open and 750 lost (20 opted out).", "not measured", "needs a list",
        "5 of the open have had as many messages as the account's cap allows.", "Winter sale", "is late",
    ):  # fmt: skip
        assert text in texts, text
    zone = report.local
    assert headline(report.accounts[0], zone) in texts
    assert re.fullmatch(
        r"Send at \d\d:00 to reach at least [\d,]+ people; [\d,]+ windows close before\. "
        r"Usually 1,\d+ have a window then\.",
        headline(report.accounts[0], zone),
    )


def test_the_headline_names_the_usually_best_hour_with_what_is_left_of_the_windows_then():
    account = make_account()
    best = max(account.habits[:24], key=lambda habit: habit.mean)
    start = next(start for start in account.starts if start.at == best.at)

    text = headline(account, ZoneInfo(BERLIN))

    assert f"Send at {best.at.astimezone(ZoneInfo(BERLIN)):%H:%M} to reach at least {start.people:,} people" in text
    assert f"; {2_400 - start.people:,} windows close before." in text


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        pytest.param(
            {"habits": (), "weeks_measured": 1}, "not known yet: 1 of at least 2 weeks are measured", id="new"
        ),
        pytest.param({"is_compared_with_night": False}, "as the night before was not measured", id="gap"),
        pytest.param({"never_wrote": 17}, "17 people of the segment never opened a window", id="segment"),
        pytest.param({"old_warning": "It is old."}, "It is old.", id="old"),
        pytest.param({"open_now": 0}, "2,400 newly", id="nobody"),
    ],
)
def test_what_is_not_known_is_said(changes, said):
    account = make_account(newly_open=2_400, **changes)

    text = " ".join(sentences(account, ZoneInfo(BERLIN)))

    assert said in text
    assert ("Send now" in text) is (account.open_now > 0)


def test_every_opener_has_words():
    assert set(OPENER_WORDS) == {str(kind) for kind in OPENERS}


def test_the_page_runs_nothing_and_fetches_nothing():
    page = eligibility_page(make_report(make_account(1), make_account(2)))

    seen = Seen(page)
    assert not {"script", "iframe", "object", "embed", "base", "form", "link"} & (set(seen.tags) - {"link"})
    assert not re.search(r"https?:|//[a-z]|@import|url\((?!#)", page)
    assert [value for name, value in seen.attributes if name in {"src", "href"} and not value.startswith("#")] == [
        "data:,"
    ]
    assert not [name for name, _ in seen.attributes if name.startswith("on")]
    assert "default-src 'none'" in page
    assert "script-src" not in page


def test_every_plot_has_its_words_and_a_table_beside_it():
    page = eligibility_page(make_report())

    figures = re.findall(r'<figure role="img" aria-label="([^"]+)">', page)

    assert len(figures) == page.count("<svg") == 3
    assert all("table beside it" in text for text in figures)
    assert page.count('<svg aria-hidden="true"') == 3


def test_no_two_plots_share_an_id():
    page = eligibility_page(make_report(make_account(1), make_account(2)))

    ids = re.findall(r' id="([^"]+)"', page)

    assert len(ids) == len(set(ids)) > 20
    assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', page)) <= set(ids)


def test_no_name_becomes_part_of_the_page_or_a_formula_of_a_plot():
    campaign = ComingCampaign("01a2", NASTY, NOW, 1, 1, 0, 1.0, NASTY)
    account = make_account(account=NASTY, old_warning=NASTY, campaigns=(campaign,), by_opener={NASTY: 1})
    segment = SegmentFacts(NASTY, 10, 1, ((2, NASTY),))

    seen = Seen(eligibility_page(make_report(account, segment=segment, unmeasured=(NASTY,))))

    assert not {"script", "img"} & set(seen.tags)
    assert sum(NASTY in text or " ".join(NASTY.split()) in text for text in seen.texts) >= 7


def test_a_night_that_was_not_measured_is_named_and_has_no_figure():
    rows = Seen(eligibility_page(make_report())).rows

    assert ["2026-11-22", "not measured"] in rows
    assert ["2026-11-21", "2,021", "721", "771", "10,021"] in rows


def test_a_report_without_anybody_is_a_page_and_a_workbook_too(tmp_path):
    empty = make_account(
        open_now=0, known=0, closed=0, opted_out=0, cooling_off=0, closing=dict.fromkeys((1, 3, 6, 12, 24), 0),
        by_opener={}, habits=(), hours=(), campaigns=(), newest_interaction_at=None, per_second=None,
        starts=coming_starts([], now=NOW, people=0, per_second=None),
    )  # fmt: skip

    for report in (make_report(empty, trends={}), make_report(empty, accounts=(), trends={})):
        write_eligibility_page(tmp_path / "page.html", report)
        write_eligibility_workbook(tmp_path / "book.xlsx", report)

    assert "There are no accounts yet" in (tmp_path / "page.html").read_text()
    assert openpyxl.load_workbook(tmp_path / "book.xlsx").sheetnames == [OVERVIEW, NIGHTS]


def sheet_time(day, hour=0):
    """A time of November as a sheet holds it, without a zone."""
    return datetime(2026, 11, day, hour, tzinfo=UTC).replace(tzinfo=None)


def table_of(sheet, header):
    """The rows under a header of a sheet, up to the first empty one."""
    rows = list(sheet.iter_rows(values_only=True))
    start = next(place for place, row in enumerate(rows) if row[: len(header)] == tuple(header))
    found = []
    for row in rows[start + 1 :]:
        if all(cell is None for cell in row[: len(header)]):
            break
        found.append(row[: len(header)])
    return found


def test_the_figures_of_the_workbook_are_those_of_the_report(tmp_path):
    report = make_report(make_account(1), make_account(2, never_wrote=9, habits=()))
    path = tmp_path / "book.xlsx"

    write_eligibility_workbook(path, report)

    book = openpyxl.load_workbook(path)
    assert book.sheetnames == [OVERVIEW, "Shop 1", "Shop 2", NIGHTS]
    assert table_of(book[OVERVIEW], OVERVIEW_COLUMNS) == [
        (f"Shop {number}", 2_400, 100, 300, 600, 1_200, 2_400, 700, 750, 10_000, 7_500, 60, 40, never, 5)
        for number, never in ((1, None), (2, 9))
    ]
    for account in report.accounts:
        habits = {habit.at: habit for habit in account.habits}
        rows = table_of(book[account.account], START_COLUMNS)
        assert [row[1:4] for row in rows] == [(s.people, 2_400 - s.people, s.reached) for s in account.starts]
        assert [row[4] for row in rows] == [
            round(habits[s.at].mean) if s.at in habits else None for s in account.starts
        ]
        # 05:00 in Berlin is the first full hour after 04:30.
        assert rows[1][0] == sheet_time(24, 5)
        opened = dict(table_of(book[account.account], ("What opened the windows", "People")))
        assert opened == {"Wrote a message": 2_000, "Pressed a button": 400}
        incoming = table_of(book[account.account], ("In the hour up to", "Interactions", "People with a window"))
        assert [row[1:] for row in incoming] == [(hour.openers, hour.reachable) for hour in account.hours]
    nights = table_of(book[NIGHTS], ("Account", *NIGHT_COLUMNS))
    assert len(nights) == 10
    assert nights[1] == ("Shop 1", sheet_time(21), 2_021, 721, 771, 10_021)
    assert nights[2] == ("Shop 1", sheet_time(22), None, None, None, NOT_MEASURED)


def test_page_and_workbook_say_which_figures_a_table_of_the_teams_leaves_out(tmp_path):
    report = make_report(is_mapped=True)

    write_eligibility_workbook(tmp_path / "book.xlsx", report)

    overview = openpyxl.load_workbook(tmp_path / "book.xlsx")[OVERVIEW]
    for said in (eligibility_page(report), overview["A3"].value):
        assert "What people did stands in a table of yours (WINDOWCAST_INTERACTIONS_TABLE)" in said


def test_the_workbook_has_charts_that_read_its_own_cells(tmp_path):
    path = tmp_path / "book.xlsx"
    write_eligibility_workbook(path, make_report(make_account(1)))

    book = openpyxl.load_workbook(path)

    assert [len(sheet._charts) for sheet in book] == [1, 3, 0]
    for chart in book["Shop 1"]._charts:
        cells = chart.series[0].val.numRef.f.replace("$", "").split("!")[1]
        values = [row[0].value for row in book["Shop 1"][cells]]
        assert len(values) >= 5
        assert any(isinstance(value, int) for value in values)


def test_accounts_whose_names_no_sheet_can_have_get_sheets_of_their_own(tmp_path):
    names = ["a/b", "A_B", "x" * 40, "x" * 41, "=1+1", "Nights", "''", "History"]
    accounts = [make_account(place, account=name) for place, name in enumerate(names)]
    path = tmp_path / "book.xlsx"

    write_eligibility_workbook(path, make_report(*accounts))

    book = openpyxl.load_workbook(path)
    assert len(book.sheetnames) == len({name.lower() for name in book.sheetnames}) == len(names) + 2
    assert all(len(name) <= 31 for name in book.sheetnames)
    assert [row[0] for row in table_of(book[OVERVIEW], OVERVIEW_COLUMNS)][4] == "'=1+1"
    assert not any(cell.data_type == "f" for sheet in book for row in sheet.iter_rows() for cell in row)


def test_the_markdown_has_the_table_of_all_accounts_and_no_name_breaks_out():
    text = eligibility_markdown(make_report(make_account(account="a|b <script> [x](http://x.invalid)\n# y")))

    assert (
        r"| a\|b \<script\> \[x\]\(http://x.invalid\) \# y | 2,400 | 100 | 300 | 600 | 1,200 | 2,400 | 700 | 750 |"
        in text
    )
    assert "the campaign Winter sale reaches 660 of 800" in text


def test_a_folder_that_is_not_there_is_named_and_no_half_file_stays(tmp_path):
    for write, name in ((write_eligibility_page, "page.html"), (write_eligibility_workbook, "book.xlsx")):
        with pytest.raises(NotFoundError, match="nowhere"):
            write(tmp_path / "nowhere" / name, make_report())
    assert list(tmp_path.iterdir()) == []
