"""A small sound list as a workbook, saved after a change or put together by hand."""

import openpyxl

from clients.spreadsheet import UnreadableFile

ROWS = [["user_id", "name"], ["12345", "Ann"], ["12346", "Bob"], ["12347", "Cid"]]


def findings(result):
    assert isinstance(result, UnreadableFile), result
    assert all(problem.text for problem in result.problems)
    return [problem.finding for problem in result.problems]


def save(path, change, rows=ROWS):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    change(book)
    book.save(path)
    return path


PLAIN = '<row r="1"><c r="A1" t="s"><v>0</v></c></row><row r="2"><c r="A2"><v>12345</v></c></row>'

TEXT = ["<si><t>user_id</t></si>"]
