"""Giving a workbook back: our patching and our plain workbook beside those of others, in seconds and MiB."""

import multiprocessing
import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from reports.annotated_sheet import NotedRow
from reports.annotated_workbook import annotate_workbook
from reports.plain_workbook import write_plain_workbook

HEADER = ("user_id", "first_name", "offer", "shop")
GOOD = ("ready", "The row is good: its message is sent when its turn comes.")
BAD = ("invalid", "The user_id 12 is not 5 to 20 digits; format the user_id column as text and paste the ids again.")


def main() -> None:
    """Print a line for each way and size; each runs in a process of its own. `1000000` is the large one (minutes)."""
    sizes = [int(word) for word in sys.argv[1:]] or [50_000, 100_000]
    folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    print(f"{datetime.now(UTC):%Y-%m-%d} a workbook given back, 4 columns, 5 % of the rows bad")
    for count in sizes:
        source = folder / f"{count}.xlsx"
        in_own_process(write_source, source, count)
        alternatives = (xlsxwriter_alternative, openpyxl_alternative) if count <= 50_000 else ()
        for way in (patched, plain, *alternatives):
            seconds, busy, mebibytes = in_own_process(way, source, count)
            figures = f"{seconds:>7.2f} s ({busy:.2f} s of a core), peak {mebibytes:>6.0f} MiB"
            print(f"  {way.__name__:<20} {count:>9,} rows: {figures}", flush=True)
        source.unlink()


def in_own_process(way, source: Path, count: int) -> tuple[float, float, float]:
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(measured, (way, source, count))


def measured(way, source: Path, count: int) -> tuple[float, float, float]:
    started, busy_before = time.perf_counter(), time.process_time()
    way(source, count)
    seconds, busy = time.perf_counter() - started, time.process_time() - busy_before
    return seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def patched(source: Path, count: int) -> None:
    annotate_workbook(source, source.with_suffix(".out.xlsx"), sheet="Recipients", rows=notes(count))


def plain(source: Path, count: int) -> None:
    write_plain_workbook(source.with_suffix(".out.xlsx"), dict(enumerate(HEADER)), rows=notes(count))


def openpyxl_alternative(source: Path, count: int) -> None:
    import openpyxl
    from openpyxl.styles import PatternFill

    book = openpyxl.load_workbook(source)
    sheet = book["Recipients"]
    fill = PatternFill("solid", fgColor="FFE67C73")
    for note in notes(count):
        for column, text in enumerate(note.outcome, start=5):
            sheet.cell(note.row_number, column).value = text
        if note.is_bad:
            sheet.cell(note.row_number, 1).fill = fill
    book.save(source.with_suffix(".out.xlsx"))


def xlsxwriter_alternative(source: Path, count: int) -> None:
    import xlsxwriter

    with xlsxwriter.Workbook(source.with_suffix(".out.xlsx"), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Recipients")
        text = book.add_format({"num_format": "@"})
        marked = book.add_format({"num_format": "@", "bg_color": "#E67C73"})
        for note in notes(count):
            for column, value in enumerate((*note.values, *note.outcome)):
                is_marked = note.is_bad and column in {0, 5}
                sheet.write_string(note.row_number - 1, column, value, marked if is_marked else text)


def notes(count: int):
    for number in range(count):
        is_bad = number % 20 == 0
        yield NotedRow(
            row_number=number + 2,
            outcome=BAD if is_bad else GOOD,
            bad_columns=("user_id",) if is_bad else (),
            is_bad=is_bad,
            values=user_cells(number, is_bad=is_bad),
        )


def user_cells(number: int, *, is_bad: bool) -> tuple[str, ...]:
    return ("12" if is_bad else str(25_000_000_000_000_001 + number), f"Name {number}", "green tea", "harbour")


def write_source(path: Path, count: int) -> None:
    import xlsxwriter

    # With shared texts, as Excel writes them.
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Recipients")
        sheet.write_row(0, 0, HEADER)
        for number in range(count):
            for column, text in enumerate(user_cells(number, is_bad=number % 20 == 0)):
                sheet.write_string(number + 1, column, text)


if __name__ == "__main__":
    main()
