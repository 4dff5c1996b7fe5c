"""Files that are not what their names say, and kinds that are known but not read."""

import io
import zipfile

import pytest

from clients.spreadsheet import UnreadableFile
from domain.problem import Finding

OLD_OFFICE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


def zipped(*names):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, "<a/>")
    return buffer.getvalue()


def stream(name):
    return OLD_OFFICE + name.encode("utf-16-le") + bytes(100)


# name of the file, its bytes, the finding, and what the sentence calls it
KINDS = {
    "nothing": ("a.xlsx", b"", Finding.EMPTY_FILE, None),
    "nothing, csv": ("a.csv", b"", Finding.EMPTY_FILE, None),
    "png": ("a.xlsx", b"\x89PNG\r\n\x1a\n" + bytes(50), Finding.NOT_A_SPREADSHEET, "a picture"),
    "jpeg as csv": ("a.csv", b"\xff\xd8\xff\xe0" + bytes(50), Finding.NOT_A_SPREADSHEET, "a picture"),
    "heic": ("a.xlsx", bytes(4) + b"ftypheic" + bytes(50), Finding.NOT_A_SPREADSHEET, "a picture"),
    "webp": ("a.xlsx", b"RIFF1234WEBP", Finding.NOT_A_SPREADSHEET, "a picture"),
    "bitmap": ("a.xlsx", b"BM1234" + bytes(50), Finding.NOT_A_SPREADSHEET, "a picture"),
    "honest png": ("a.PNG", b"\x89PNG\r\n\x1a\n", Finding.UNSUPPORTED_FORMAT, "a picture"),
    "pdf": ("a.xlsx", b"%PDF-1.7\n", Finding.NOT_A_SPREADSHEET, "a PDF document"),
    "web page": ("a.xlsx", b"\n <!DOCTYPE html><html>", Finding.NOT_A_SPREADSHEET, "a web page"),
    "web table as xls": ("a.xls", b"<table><tr><td>user_id", Finding.NOT_A_SPREADSHEET, "a web page"),
    "xhtml": ("a.csv", b'<?xml version="1.0"?><html>', Finding.NOT_A_SPREADSHEET, "a web page"),
    "xml": ("a.xlsx", b'<?xml version="1.0"?><a/>', Finding.NOT_A_SPREADSHEET, "an XML file"),
    "xml spreadsheet": (
        "a.xls",
        b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
        Finding.NOT_A_SPREADSHEET,
        "an XML spreadsheet of Excel 2003",
    ),
    "text as xlsx": ("a.xlsx", b"user_id,name\n1,2\n", Finding.NOT_A_SPREADSHEET, "a text file"),
    "other bytes": ("a.csv", b"user_id\x00\x01\x02", Finding.NOT_A_SPREADSHEET, "neither a workbook nor text"),
    "gzip": ("a.xlsx", b"\x1f\x8b\x08" + bytes(20), Finding.NOT_A_SPREADSHEET, "a compressed archive"),
    "zip": ("a.xlsx", zipped("a.txt"), Finding.NOT_A_SPREADSHEET, "a compressed archive"),
    "honest zip": ("a.zip", zipped("a.txt"), Finding.UNSUPPORTED_FORMAT, "a compressed archive"),
    "word": (
        "a.xlsx",
        zipped("[Content_Types].xml", "word/document.xml"),
        Finding.NOT_A_SPREADSHEET,
        "a Word document",
    ),
    "slides": (
        "a.csv",
        zipped("[Content_Types].xml", "ppt/x.xml"),
        Finding.NOT_A_SPREADSHEET,
        "a PowerPoint presentation",
    ),
    "ods": ("a.ods", zipped("mimetype", "content.xml"), Finding.UNSUPPORTED_FORMAT, "an OpenDocument file (.ods)"),
    "numbers": (
        "a.numbers",
        zipped("Index/Document.iwa"),
        Finding.UNSUPPORTED_FORMAT,
        "an Apple Numbers document (.numbers)",
    ),
    "xlsb": (
        "a.xlsx",
        zipped("[Content_Types].xml", "xl/workbook.bin"),
        Finding.UNSUPPORTED_FORMAT,
        "a binary Excel workbook (.xlsb)",
    ),
    "xls": ("a.xls", stream("Workbook"), Finding.UNSUPPORTED_FORMAT, "an old Excel workbook (.xls)"),
    "xls as xlsx": ("a.xlsx", stream("Book"), Finding.UNSUPPORTED_FORMAT, "an old Excel workbook (.xls)"),
    "doc": ("a.doc", stream("WordDocument"), Finding.UNSUPPORTED_FORMAT, "an old Office document"),
    "password": ("a.xlsx", stream("EncryptedPackage"), Finding.ENCRYPTED, None),
    "macros": ("a.xlsm", zipped("[Content_Types].xml", "xl/workbook.xml", "xl/vbaProject.bin"), Finding.MACROS, None),
    "macro sheet": ("a.xlsx", zipped("[Content_Types].xml", "xl/macrosheets/s.xml"), Finding.MACROS, None),
    "zip of nothing": ("a.xlsx", b"PK\x05\x06" + bytes(18), Finding.NOT_A_SPREADSHEET, "neither a workbook nor text"),
}


@pytest.mark.parametrize("case", KINDS)
def test_every_kind_is_told_by_its_bytes(tmp_path, read, case):
    name, content, finding, actual = KINDS[case]
    (tmp_path / name).write_bytes(content)

    result = read(tmp_path / name)

    assert isinstance(result, UnreadableFile)
    assert [problem.finding for problem in result.problems] == [finding]
    assert result.problems[0].facts.get("actual") == actual
    assert result.problems[0].text


@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a.bin"])
def test_a_workbook_under_another_name_is_refused(tmp_path, xlsx, read, name):
    xlsx([["user_id"], ["12345"]]).rename(tmp_path / name)

    result = read(tmp_path / name)

    assert [problem.finding for problem in result.problems] == [Finding.NOT_A_SPREADSHEET]


@pytest.mark.parametrize("name", ["a", "a.XLSX"])
def test_a_workbook_without_ending_or_in_capitals_is_read(tmp_path, xlsx, read, name):
    xlsx([["user_id"], ["12345"]]).rename(tmp_path / name)

    assert read(tmp_path / name).row_count == 1


@pytest.mark.parametrize(
    ("kind", "finding"),
    [
        ("application/vnd.ms-excel.sheet.macroEnabled.main+xml", Finding.MACROS),
        ("application/vnd.openxmlformats-officedocument.spreadsheetml.template.main+xml", Finding.UNSUPPORTED_FORMAT),
        ("application/vnd.ms-excel.other+xml", Finding.DAMAGED),
    ],
)
def test_the_table_of_contents_names_the_kind_of_workbook(xlsx, read, kind, finding):
    types = f'<Types><Override PartName="/xl/workbook.xml" ContentType="{kind}"/></Types>'

    result = read(xlsx([["user_id"], ["12345"]], parts={"[Content_Types].xml": types}))

    assert [problem.finding for problem in result.problems] == [finding]
