"""The report of a night as a workbook: a sheet for all accounts, one for each with its charts, one for all nights."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from domain.eligibility import HORIZONS, AccountEligibility, EligibilityReport, Night
from reports import eligibility_words as words
from reports.cell_text import fit_for_excel, harmless
from reports.whole_file import written_whole

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

OVERVIEW: Final = "All accounts"
NIGHTS: Final = "Nights"
OVERVIEW_COLUMNS: Final = (
    "Account", "Open now", *(f"Closing in {hours} h" for hours in HORIZONS), "Newly open", "Lost", "Known", "Closed",
    "Opted out", "Cooling off", "Never wrote", "At the cap",
)  # fmt: skip
START_COLUMNS: Final = ("Start", "Still open", "Closed before", "Reached", "Usual", "Lowest week", "Highest week")
NIGHT_COLUMNS: Final = ("Night", "Open", "Newly open", "Lost", "Known")
NOT_MEASURED: Final = "not measured"

_MOST_SHEET_NAME: Final = 31  # Excel's limit
_NOT_IN_SHEET_NAME: Final = re.compile(r"[\[\]:*?/\\']")
_WIDTH: Final = 16
_HEADER_POINTS: Final = 30  # two lines
_CHART: Final = {"width": 620, "height": 300}
_BAR, _LINE = "#2F6FB2", "#A3470B"


@dataclass(frozen=True)
class _Formats:
    title: "Format"
    header: "Format"
    text: "Format"
    number: "Format"
    time: "Format"
    day: "Format"


@dataclass(frozen=True)
class _Table:
    """Where a table lies on its sheet: rows counted from 0, its header above `first`."""

    sheet: str
    first: int
    last: int
    column: int = 0

    def cells(self, column: int) -> list[object]:
        """Return one of its columns as charts name cells."""
        return [self.sheet, self.first, self.column + column, self.last, self.column + column]


def write_eligibility_workbook(path: Path, report: EligibilityReport) -> None:
    """Write the report as an .xlsx file, whole or not at all; times are those of the team's zone.

    Raises NotFoundError without the folder.
    """
    import xlsxwriter

    with written_whole(path) as unfinished, xlsxwriter.Workbook(unfinished, {"strings_to_formulas": False}) as workbook:
        formats = _formats(workbook)
        names = _sheet_names(report.accounts)
        _write_overview(workbook, report, formats=formats)
        for account, name in zip(report.accounts, names, strict=True):
            _AccountSheet(workbook, report, account, name=name, formats=formats).write()
        _write_nights(workbook, report, formats=formats)


def _formats(workbook: "Workbook") -> _Formats:
    return _Formats(
        title=workbook.add_format({"bold": True, "font_size": 14}),
        header=workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1}),
        text=workbook.add_format({"num_format": "@"}),
        number=workbook.add_format({"num_format": "#,##0"}),
        time=workbook.add_format({"num_format": "ddd d mmm hh:mm", "align": "left"}),
        day=workbook.add_format({"num_format": "yyyy-mm-dd", "align": "left"}),
    )


def _sheet_names(accounts: Sequence[AccountEligibility]) -> list[str]:
    """Return a name for each account's sheet that Excel takes, each of them once, whatever its case."""
    taken = {OVERVIEW.lower(), NIGHTS.lower(), "history"}
    names = []
    for account in accounts:
        plain = _NOT_IN_SHEET_NAME.sub("_", fit_for_excel(account.account)).strip() or "Account"
        name, number = plain[:_MOST_SHEET_NAME], 2
        while name.lower() in taken:
            mark = f" {number}"
            name, number = plain[: _MOST_SHEET_NAME - len(mark)] + mark, number + 1
        taken.add(name.lower())
        names.append(name)
    return names


def _write_overview(workbook: "Workbook", report: EligibilityReport, *, formats: _Formats) -> None:
    sheet = workbook.add_worksheet(OVERVIEW)
    _begin(sheet, words.title(report), report, formats=formats)
    sheet.write_string(2, 0, words.standing(report), formats.text)
    rows = [
        (
            one.account, one.open_now, *(one.closing[hours] for hours in HORIZONS), one.newly_open, one.lost, one.known,
            one.closed, one.opted_out, one.cooling_off, one.never_wrote, one.open_at_cap,
        )
        for one in report.accounts
    ]  # fmt: skip
    table = _write_table(sheet, 3, OVERVIEW_COLUMNS, rows, zone=report.local, formats=formats)
    sheet.set_column(0, 0, 30)
    sheet.freeze_panes(4, 1)
    if rows:
        chart = workbook.add_chart({"type": "bar"})
        chart.add_series(_series(table, 1, name="Open now", color=_BAR))
        chart.add_series(_series(table, 3, name="Closing in 3 h", color=_LINE))
        _finish(chart, "Open now, and closing within 3 hours")
        chart.set_y_axis({"reverse": True})
        chart.set_size({"width": 620, "height": 140 + 40 * len(rows)})
        sheet.insert_chart(table.last + 2, 0, chart, _described("People who can be reached, by account."))


class _AccountSheet:
    """The sheet of one account: what to know, then tables, each with its chart beside it."""

    def __init__(
        self,
        workbook: "Workbook",
        report: EligibilityReport,
        account: AccountEligibility,
        *,
        name: str,
        formats: _Formats,
    ) -> None:
        self._workbook = workbook
        self._report = report
        self._account = account
        self._zone = report.local
        self._formats = formats
        self._sheet = workbook.add_worksheet(name)

    def write(self) -> None:
        """Write it from top to bottom."""
        _begin(self._sheet, self._account.account, self._report, formats=self._formats)
        self._sheet.set_column(0, 0, 22)
        row = 3
        for sentence in words.sentences(self._account, self._zone):
            self._sheet.write_string(row, 0, harmless(sentence), self._formats.text)
            row += 1
        row = self._starts(row + 1)
        row = self._kinds(row + 1)
        row = self._nights(row + 1)
        row = self._openers(row + 1)
        self._campaigns(row + 1)

    def _starts(self, row: int) -> int:
        habits = {habit.at: habit for habit in self._account.habits}
        rows = []
        for start in self._account.starts:
            habit = habits.get(start.at)
            usual = (None, None, None) if habit is None else (round(habit.mean), habit.least, habit.most)
            rows.append((start.at, start.people, self._account.open_now - start.people, start.reached, *usual))
        table = self._table(row, START_COLUMNS, rows)
        chart = self._workbook.add_chart({"type": "column"})
        chart.add_series(_series(table, 1, name="Still open, if nobody writes", color=_BAR))
        if habits:
            line = self._workbook.add_chart({"type": "line"})
            line.add_series({**_series(table, 4, name="Usual at this hour", color=_LINE), "marker": {"type": "circle"}})
            chart.combine(line)
        _finish(chart, "Whom a start at each hour reaches")
        chart.set_x_axis({"num_format": "hh:mm", "text_axis": True})
        self._insert(row, chart, "People whose windows are still open at each of the coming hours.")
        return table.last + 2

    def _kinds(self, row: int) -> int:
        account = self._account
        rows = [(words.OPENER_WORDS.get(kind, kind), people) for kind, people in account.by_opener.items()]
        rows.sort(key=lambda one: -one[1])
        table = self._table(row, ("What opened the windows", "People"), rows)
        never = "needs a list" if account.never_wrote is None else account.never_wrote
        reasons = [
            ("Window closed", account.closed),
            ("Opted out", account.opted_out),
            ("Cooling off", account.cooling_off),
            ("Opted out, never opened one", account.opted_out_unseen),
            ("Never wrote", never),
        ]
        other = self._table(max(table.last, row + 1) + 2, ("Who cannot be reached", "People"), reasons)
        return other.last + 2

    def _nights(self, row: int) -> int:
        rows = [_night_row(night) for night in self._report.trends.get(self._account.account_id, ())]
        table = self._table(row, NIGHT_COLUMNS, rows)
        if rows:
            chart = self._workbook.add_chart({"type": "line"})
            chart.add_series({**_series(table, 1, name="Open", color=_BAR), "marker": {"type": "circle"}})
            _finish(chart, "Night by night")
            chart.show_blanks_as("gap")  # a night that was not measured is a hole in the line
            chart.set_x_axis({"num_format": "d mmm", "text_axis": True})
            self._insert(row, chart, "People who could be reached, night by night; gaps are nights not measured.")
        return max(table.last, row + 16) + 2

    def _openers(self, row: int) -> int:
        rows = [(hour.at, hour.openers, hour.reachable) for hour in self._account.hours]
        table = self._table(row, ("In the hour up to", "Interactions", "People with a window"), rows)
        if rows:
            chart = self._workbook.add_chart({"type": "column"})
            chart.add_series(_series(table, 1, name="Interactions", color=_BAR))
            _finish(chart, "What came in, hour by hour")
            chart.set_x_axis({"num_format": "hh:mm", "text_axis": True})
            self._insert(row, chart, "Interactions that open a window, in each of the newest 24 full hours.")
        return max(table.last, row + 16) + 2

    def _campaigns(self, row: int) -> int:
        columns = ("Campaign", "Starts", "Eligible now", "At its start", "Close before turn", "Reached", "Mind")
        rows = [
            (one.name, one.at, one.eligible_now, one.eligible_at_send, one.closing_before_turn, one.reached, one.remark)
            for one in self._account.campaigns
        ]
        return self._table(row, columns, rows).last + 2

    def _table(self, row: int, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> _Table:
        return _write_table(self._sheet, row, columns, rows, zone=self._zone, formats=self._formats)

    def _insert(self, row: int, chart: object, description: str) -> None:
        self._sheet.insert_chart(row, len(START_COLUMNS) + 1, chart, _described(description))


def _write_nights(workbook: "Workbook", report: EligibilityReport, *, formats: _Formats) -> None:
    sheet = workbook.add_worksheet(NIGHTS)
    rows = [
        (one.account, *_night_row(night)) for one in report.accounts for night in report.trends.get(one.account_id, ())
    ]
    table = _write_table(sheet, 0, ("Account", *NIGHT_COLUMNS), rows, zone=report.local, formats=formats)
    sheet.set_column(0, 0, 30)
    sheet.freeze_panes(1, 0)
    sheet.autofilter(0, 0, max(table.last, 1), len(NIGHT_COLUMNS))


def _night_row(night: Night) -> tuple[object, ...]:
    if night.measured_at is None:
        return night.night, None, None, None, NOT_MEASURED
    return night.night, night.open_now, night.newly_open, night.lost, night.known


def _begin(sheet: "Worksheet", title: str, report: EligibilityReport, *, formats: _Formats) -> None:
    measured = f"{report.measured_at.astimezone(report.local):%Y-%m-%d %H:%M}"
    sheet.write_string(0, 0, harmless(fit_for_excel(title)), formats.title)
    sheet.write_string(1, 0, f"Counted {measured}; all times are those of {report.zone}.", formats.text)
    sheet.set_column(1, len(OVERVIEW_COLUMNS), _WIDTH)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)


def _write_table(
    sheet: "Worksheet",
    row: int,
    columns: Sequence[str],
    rows: Iterable[Sequence[object]],
    *,
    zone: ZoneInfo,
    formats: _Formats,
) -> _Table:
    for column, name in enumerate(columns):
        sheet.write_string(row, column, name, formats.header)
    sheet.set_row(row, _HEADER_POINTS)
    last = row
    for last, values in enumerate(rows, start=row + 1):  # the last row is part of the answer
        for column, value in enumerate(values):
            _write_cell(sheet, last, column, value, zone=zone, formats=formats)
    return _Table(sheet.get_name(), row + 1, last)


def _write_cell(sheet: "Worksheet", row: int, column: int, value: object, *, zone: ZoneInfo, formats: _Formats) -> None:
    match value:
        case None:
            return
        case datetime():
            # Excel knows no zones: the sheet says which one its times are of.
            sheet.write_datetime(row, column, value.astimezone(zone).replace(tzinfo=None, second=0), formats.time)
        case date():
            sheet.write_datetime(row, column, value, formats.day)
        case int() | float():
            sheet.write_number(row, column, value, formats.number)
        case _:
            sheet.write_string(row, column, harmless(fit_for_excel(str(value))), formats.text)


def _series(table: _Table, column: int, *, name: str, color: str) -> dict[str, object]:
    return {
        "name": name,
        "categories": table.cells(0),
        "values": table.cells(column),
        "fill": {"color": color},
        "line": {"color": color},
    }


def _finish(chart: object, title: str) -> None:
    chart.set_title({"name": title, "name_font": {"size": 12}})  # type: ignore[attr-defined]  # no types in XlsxWriter
    chart.set_legend({"position": "bottom"})  # type: ignore[attr-defined]
    chart.set_y_axis({"min": 0, "num_format": "#,##0"})  # type: ignore[attr-defined]
    chart.set_size(_CHART)  # type: ignore[attr-defined]


def _described(text: str) -> dict[str, object]:
    return {"description": text, "object_position": 1}
