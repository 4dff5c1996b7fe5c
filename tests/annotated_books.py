"""Workbooks as people fill them or as other programs write them, and what stands in them once they are annotated."""

import zipfile
from datetime import date

import openpyxl
import python_calamine
import xlsxwriter

from reports.annotated_sheet import NotedRow
from reports.annotated_workbook import annotate_workbook

SHEET = "xl/worksheets/sheet1.xml"
STYLES = "xl/styles.xml"
GOOD = ("ready", "The row is good.")
BAD = ("invalid", "The cell name is empty.")


def good(row_number, **fields):
    return NotedRow(row_number, GOOD, **fields)


def bad(row_number, *columns):
    return NotedRow(row_number, BAD, bad_columns=columns, is_bad=True)


def write_rich(path):
    """Write a workbook with all that people put into theirs; the cell B3 is missing."""
    with xlsxwriter.Workbook(path) as book:
        sheet, other = book.add_worksheet("Recipients"), book.add_worksheet("Notes")
        header = book.add_format({"bold": True, "bg_color": "#4472C4", "font_color": "white", "num_format": "@"})
        day = book.add_format({"num_format": "dd.mm.yyyy", "italic": True, "border": 2, "bg_color": "#FFFF00"})
        sheet.set_column(1, 1, 30, book.add_format({"font_color": "blue"}))
        sheet.set_column(2, 16_383, 11)
        sheet.write_row(0, 0, ["user_id", "name", "day", "price"], header)
        for row in range(1, 4):
            sheet.write_string(row, 0, f"2500000000000000{row}")
            sheet.write_number(row, 2, 45_000 + row, day)
            sheet.write_formula(row, 3, f"={row}*1.5", None, row * 1.5)
        sheet.write_string(1, 1, "Ann")
        sheet.write_string(3, 1, "Cem")
        sheet.set_row(3, 40)
        sheet.freeze_panes(1, 1)
        sheet.autofilter(0, 0, 3, 3)
        sheet.protect("secret")
        sheet.data_validation("C2:C9", {"validate": "date", "criteria": ">", "value": date(2020, 1, 1)})
        sheet.conditional_format("D2:D9", {"type": "data_bar"})
        sheet.write_comment("B2", "a comment")
        other.merge_range("A1:C2", "merged", header)
        other.write_formula("A5", "=SUM(Recipients!D2:D4)")
    return path


def edited(path, target, *, part=SHEET, **changes):
    """Copy a workbook with one part changed: `content` is the new one, or a function of the old one."""
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                content = changes["content"](content) if callable(changes["content"]) else changes["content"]
            if content is not None:
                new.writestr(name, content)
    return target


def with_rows(path, target, rows, *, prefix="", before="", after="", namespace="main"):
    """Copy a workbook with the XML of its first sheet written by hand."""
    kind = {
        "main": "http://schemas.openxmlformats.org/spreadsheetml/2006/main",
        "strict": "http://purl.oclc.org/ooxml/spreadsheetml/main",
    }[namespace]
    declared = f'xmlns:{prefix[:-1]}="{kind}"' if prefix else f'xmlns="{kind}"'
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<{prefix}worksheet {declared}>{before}<{prefix}sheetData>{rows}'
        f"</{prefix}sheetData>{after}</{prefix}worksheet>"
    )
    return edited(path, target, content=content.encode())


def annotate(source, *rows, **options):
    target = source.with_name(f"annotated-{source.name}")
    annotate_workbook(source, target, sheet="Recipients", rows=rows, **options)
    return target


def part(path, name=SHEET):
    with zipfile.ZipFile(path) as archive:
        return archive.read(name).decode("utf-8")


def table(path):
    """What openpyxl reads, and the check that calamine reads the same."""
    sheet = openpyxl.load_workbook(path).worksheets[0]
    rows = [list(row) for row in sheet.iter_rows(values_only=True)]
    second = python_calamine.load_workbook(str(path)).get_sheet_by_index(0).to_python()
    assert [[cell if isinstance(cell, str) and cell else None for cell in row] for row in second] == [
        [cell if isinstance(cell, str) and not cell.startswith("=") else None for cell in row] for row in rows
    ]
    return rows


def inline(address, text, *, prefix="", style=""):
    return (
        f'<{prefix}c r="{address}"{style} t="inlineStr"><{prefix}is><{prefix}t>{text}</{prefix}t></{prefix}is>'
        f"</{prefix}c>"
    )
