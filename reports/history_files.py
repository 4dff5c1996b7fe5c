"""The run history as a file: a workbook of all its tables, or its campaigns as .csv or .parquet."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from domain.errors import UsageError
from reports.cell_text import fit_for_excel, harmless, storable
from reports.history import (
    CAMPAIGN_COLUMNS,
    FAILURE_COLUMNS,
    RATE_COLUMNS,
    RUN_COLUMNS,
    History,
    is_count,
    is_measure,
    is_number,
    is_time,
    words_of,
)
from reports.message_list import MAX_XLSX_ROWS, Suffix, export_message_list
from reports.whole_file import written_whole

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook

SHEETS: Final = {
    "Campaigns": CAMPAIGN_COLUMNS,
    "Runs": RUN_COLUMNS,
    "Why not": FAILURE_COLUMNS,
    "Sent per minute": RATE_COLUMNS,
}
_CHARTED_CAMPAIGNS: Final = 20
_COLORS: Final = {
    "read_count": "#17663A", "delivered_count": "#2F6FB2", "sent_count": "#8FB4DA", "failed_count": "#A11F2B",
    "unknown_count": "#8A6D00", "expired_count": "#7A7A7A",
}  # fmt: skip


def write_history_file(path: Path, history: History) -> None:
    """Write the history to an .xlsx, .csv or .parquet file, whole or not at all.

    Raises UsageError for another kind of file, and NotFoundError without the folder.
    """
    match path.suffix.lower():
        case Suffix.XLSX:
            _write_workbook(path, history)
        case Suffix.CSV:
            rows = [[_plain(row[name]) for name in CAMPAIGN_COLUMNS] for row in history.campaigns]
            export_message_list(path, CAMPAIGN_COLUMNS, rows=rows, time_columns=list(filter(is_time, CAMPAIGN_COLUMNS)))
        case Suffix.PARQUET:
            _write_parquet(path, history)
        case _:
            raise UsageError(f"--out {path} should end in .html, .xlsx, .csv or .parquet.")


def _plain(value: Any) -> Any:
    """Return a value of the database as files hold it: ids as texts, exact decimals as numbers."""
    if isinstance(value, UUID):
        return str(value)
    return float(value) if type(value).__name__ == "Decimal" else value


def _write_parquet(path: Path, history: History) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([pa.field(name, _parquet_type(name)) for name in CAMPAIGN_COLUMNS])
    rows = [{name: _parquet_value(row[name]) for name in CAMPAIGN_COLUMNS} for row in history.campaigns]
    with written_whole(path) as unfinished:
        pq.write_table(pa.Table.from_pylist(rows, schema=schema), unfinished)


def _parquet_type(name: str) -> Any:
    import pyarrow as pa

    if is_time(name):
        return pa.timestamp("us", tz="UTC")
    if is_count(name):
        return pa.int64()
    return pa.float64() if is_measure(name) else pa.string()


def _parquet_value(value: Any) -> Any:
    plain = _plain(value)
    return storable(plain) if isinstance(plain, str) else plain


def _write_workbook(path: Path, history: History) -> None:
    import xlsxwriter

    tables = (history.campaigns, history.runs, history.failures, history.rates)
    with written_whole(path) as unfinished, xlsxwriter.Workbook(unfinished, {"strings_to_formulas": False}) as workbook:
        for (name, columns), rows in zip(SHEETS.items(), tables, strict=True):
            _write_sheet(workbook, name, columns, rows[:MAX_XLSX_ROWS], history=history)
        _add_charts(workbook, history)


def _write_sheet(
    workbook: "Workbook", name: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]], *, history: History
) -> None:
    sheet = workbook.add_worksheet(name)
    header = workbook.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1})
    formats = {name: workbook.add_format(_format_of(name)) for name in columns}
    for column, title in enumerate(columns):
        sheet.write_string(0, column, words_of(title), header)
        sheet.set_column(column, column, 38 if title.endswith("_id") else 18 if not is_number(title) else 12)
        for row, values in enumerate(rows, start=1):
            value = _plain(values[title])
            if value is None:
                continue
            if is_number(title):
                sheet.write_number(row, column, value, formats[title])
            elif is_time(title):
                local = value.astimezone(history.local).replace(tzinfo=None)
                sheet.write_datetime(row, column, local, formats[title])
            else:
                sheet.write_string(row, column, harmless(fit_for_excel(str(value))), formats[title])
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(len(rows), 1), len(columns) - 1)
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer(f"&LTimes of {history.zone.replace('&', '&&')}&RPage &P of &N")


def _format_of(column: str) -> dict[str, str]:
    if is_time(column):
        return {"num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"}
    if column.endswith("_rate"):
        return {"num_format": "0.0%"}
    if is_measure(column):
        return {"num_format": "#,##0.0"}
    return {"num_format": "#,##0"} if is_count(column) else {"num_format": "@"}


def _add_charts(workbook: "Workbook", history: History) -> None:
    sheet = workbook.add_chartsheet("Chart")
    chart = workbook.add_chart({"type": "bar"})
    last = min(len(history.campaigns), _CHARTED_CAMPAIGNS)
    names = ["Campaigns", 1, CAMPAIGN_COLUMNS.index("name"), max(last, 1), CAMPAIGN_COLUMNS.index("name")]
    for column in ("eligible_count", "sent_count", "delivered_count", "read_count", "failed_count"):
        place = CAMPAIGN_COLUMNS.index(column)
        color = {"color": _COLORS.get(column, "#16202B")}
        values = ["Campaigns", 1, place, max(last, 1), place]
        chart.add_series({"name": words_of(column), "categories": names, "values": values, "fill": color})
    chart.set_title({"name": f"The newest {last} campaigns"})
    chart.set_y_axis({"reverse": True})
    chart.set_legend({"position": "bottom"})
    sheet.set_chart(chart)
