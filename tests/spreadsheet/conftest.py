"""Fixtures: files as people send them, made here, and the reading of them without a child process."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from clients.postgres import connect
from clients.spreadsheet import ReadFile, UnreadableFile
from clients.spreadsheet.child import UPLOAD_FILE, read_upload
from clients.spreadsheet.limits import ReadingJob
from clients.spreadsheet.recipients import result_of
from factories import World
from spreadsheet.workbook_parts import inline_rows, parts_with_sheets, sheet_xml, write_workbook


@pytest.fixture
def world_18(database_18):
    """Valid objects in a fresh database on the embedded Postgres: the subject is the file, not the server."""
    with connect(database_18) as connection:
        yield World(connection)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., ReadFile | UnreadableFile]:
    """Read a file in this process, as the child does."""

    def _read(path: Path, **job: Any) -> ReadFile | UnreadableFile:
        folder = tmp_path / "reading"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        shutil.copy(path, folder / UPLOAD_FILE)
        answer = json.loads(json.dumps(read_upload(folder, ReadingJob(path.suffix.lower(), **job))))
        return result_of(answer, folder, sha256="", byte_count=path.stat().st_size, seconds={})

    return _read


@pytest.fixture
def rows_of() -> Callable[[ReadFile], list[tuple[str, ...]]]:
    """Give the fields of each line of the rows file, as they stand there."""
    return lambda result: [tuple(line.split("\t")) for line in result.rows_file.read_text("utf-8").split("\n")[:-1]]


@pytest.fixture
def problems_of() -> Callable[[ReadFile], list[tuple[int, str, str, dict[str, Any]]]]:
    """Give (row number, column, finding, facts) of each line of the problems file."""

    def _problems_of(result: ReadFile) -> list[tuple[int, str, str, dict[str, Any]]]:
        lines = result.problems_file.read_text("utf-8").split("\n")[:-1]
        fields = [line.split("\t") for line in lines]
        return [(int(row), column, found, json.loads(facts)) for row, column, found, facts in fields]

    return _problems_of


@pytest.fixture
def csv(tmp_path: Path) -> Callable[[str | bytes], Path]:
    """Write a csv file."""

    def _csv(content: str | bytes) -> Path:
        path = tmp_path / "recipients.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return _csv


@pytest.fixture
def xlsx(tmp_path: Path) -> Callable[..., Path]:
    """Write a workbook by hand, as `write_workbook` does, under a name of its own."""

    def _xlsx(rows: str | list[list[str]], *, name: str = "recipients.xlsx", **options: Any) -> Path:
        return write_workbook(tmp_path / name, rows, **options)

    return _xlsx


@pytest.fixture
def sheet() -> Callable[..., str]:
    """Write the XML of a sheet."""
    return lambda rows, before="", after="": sheet_xml(
        rows if isinstance(rows, str) else inline_rows(rows), before, after
    )


@pytest.fixture
def workbook_with() -> Callable[[str], dict[str, str | bytes | None]]:
    """Write the parts of a workbook with these `sheet` elements; the sheet with r:id rIdN is sheetN.xml."""
    return parts_with_sheets
