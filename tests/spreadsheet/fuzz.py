"""A fuzzer: workbooks and csv files, broken at random, may end only in a clean refusal or in a right reading.

    .venv/bin/python tests/spreadsheet/fuzz.py --seconds 600 --seed 7

Right means: with whole parts the very rows that were written; otherwise, because a broken part may say something else
that is whole, rows in order that all have their cells, with the ids that a third reader (openpyxl) finds if it can read
the file at all. Everything else is a fault: an unforeseen error in the reader, another number of rows than was told, a
wrong row. The file that is being tried lies in the folder that is printed, so that it is there when the process itself
dies. Every fiftieth file is read in the child as well.
"""

import argparse
import io
import itertools
import json
import random
import re
import sys
import tempfile
import time
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

if __name__ == "__main__":
    sys.path[:0] = [str(Path(__file__).parents[2]), str(Path(__file__).parents[1])]

import openpyxl
import xlsxwriter

from clients.spreadsheet import ReadFile, ReadLimits, read_recipients
from clients.spreadsheet.child import UPLOAD_FILE, read_upload
from clients.spreadsheet.clean_cells import clean_id
from clients.spreadsheet.limits import ReadingJob
from clients.spreadsheet.recipients import result_of
from domain.cell_address import column_index
from domain.problem import Finding
from spreadsheet.workbook_parts import MAIN, inline_rows, values_in, write_workbook

ROWS = [["user_id", "name", "city"], *([f"{place}00{place}", f"N&ame {place}", "Zoë 😀"] for place in range(100, 112))]
EXPECTED = [(number, row[0], row[1:]) for number, row in enumerate(ROWS[1:], start=2)]
LIMITS = ReadLimits(file_bytes=10_000_000, unpacked_bytes=20_000_000, characters=5_000_000, cells=2_000_000)
_CHILD_EVERY = 50

Members = list[tuple[str, bytes]]


class FaultError(Exception):
    """Neither a clean refusal nor a right reading."""


# Good files.


def by_openpyxl() -> bytes:
    book = openpyxl.Workbook()
    for row in ROWS:
        book.active.append(row)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def by_xlsxwriter() -> bytes:
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True}) as book:
        page = book.add_worksheet()
        page.write(20, 0, None, book.add_format({"bold": True}))
        for number, row in enumerate(ROWS):
            for column, value in enumerate(row):
                page.write_string(number, column, value)
    return buffer.getvalue()


def by_hand() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        rows = inline_rows([[value.replace("&", "&amp;") for value in row] for row in ROWS])
        return write_workbook(Path(folder) / "list.xlsx", rows).read_bytes()


def by_csv() -> bytes:
    return "".join(",".join(f'"{value}"' for value in row) + "\r\n" for row in ROWS).encode()


# Breaking bytes.


def truncate(dice: random.Random, content: bytes) -> bytes:
    return content[: dice.randrange(len(content))]


def flip(dice: random.Random, content: bytes) -> bytes:
    broken = bytearray(content)
    for _ in range(dice.randint(1, 8)):
        broken[dice.randrange(len(broken))] ^= 1 << dice.randrange(8)
    return bytes(broken)


def insert(dice: random.Random, content: bytes) -> bytes:
    at = dice.randrange(len(content))
    return content[:at] + dice.randbytes(dice.randint(1, 40)) + content[at:]


def cut_out(dice: random.Random, content: bytes) -> bytes:
    at = dice.randrange(len(content))
    return content[:at] + content[at + dice.randint(1, 200) :]


def repeat(dice: random.Random, content: bytes) -> bytes:
    at, to = sorted(dice.randrange(len(content)) for _ in range(2))
    return content[:to] + content[at:to] + content[to:]


def overwrite(dice: random.Random, content: bytes) -> bytes:
    """Set a number of one of the zip's own records to an extreme."""
    starts = [found.start() for found in re.finditer(rb"PK(\x01\x02|\x03\x04|\x05\x06)", content)]
    at = dice.choice(starts or [0]) + dice.randint(4, 46)
    value = dice.choice([b"\xff\xff\xff\xff", bytes(4), b"\xff\xff\xff\x7f", b"\x01\x00\x00\x00", b"\x00\x08"])
    return (content[:at] + value + content[at + len(value) :])[: len(content)]


# Breaking members of the zip.


def drop(dice: random.Random, members: Members) -> Members:
    left_out = dice.randrange(len(members))
    return members[:left_out] + members[left_out + 1 :]


def double(dice: random.Random, members: Members) -> Members:
    name, content = dice.choice(members)
    name = dice.choice(
        [name, name.upper(), name.replace("/", "\\"), f"/{name}", f"./{name}", f"{name}\x00", f"x/../{name}"]
    )
    return [*members, (name, dice.choice([content, b"", b"<a/>"]))]


def swap(dice: random.Random, members: Members) -> Members:
    one, other = dice.sample(range(len(members)), 2)
    swapped = list(members)
    swapped[one], swapped[other] = (members[one][0], members[other][1]), (members[other][0], members[one][1])
    return swapped


def empty(dice: random.Random, members: Members) -> Members:
    place = dice.randrange(len(members))
    return [(name, b"" if number == place else content) for number, (name, content) in enumerate(members)]


def add(dice: random.Random, members: Members) -> Members:
    names = [
        "xl/vbaProject.bin",
        "../x",
        "a" * 5_000,
        "xl/worksheets/sheet2.xml",
        "é\u202e",
        "x/",
        "content.xml",
        "mimetype",
    ]
    return [*members, (dice.choice(names), dice.choice([b"", b"<a/>", b"\x00" * 1_000]))]


# Breaking XML.

HOSTILE = [
    '""', '"-1"', '"0"', '"1048577"', '"99999999999999999999"', '"A"', '"\uff11"', '"s"', '"&#0;"', '"A1:XFD1048576"',
    '"NaN"', '"1e999"', "''", '" 1 "', '"true"', '"../../x"', '"inlineStr"', '"&amp;"', '"²"', f'"{"x" * 100_000}"',
]  # fmt: skip
PIECES = [
    "<row>", "</row>", "<c>", "<v>", "</v>", "<row r='3'/>", "<c r='A3'/>", "<!-- x -->", "<![CDATA[x]]>", "<?x y?>",
    "\r", "<is/>", "<f>A1</f>", "&#0;", "&#x10FFFF;", "&lol;", "\ud800", "<sheetData/>", "</sheetData>", "_x0000_",
    "<mergeCell ref=''/>", "<col min='1' max='3' hidden='1'/>", "<t>x</t>", "<x:c xmlns:x='y'/>", "\ufffe",
    "<a>" * 2_000 + "</a>" * 2_000,
]  # fmt: skip
DOCTYPE = '<!DOCTYPE a [<!ENTITY lol "lol"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


def attribute(dice: random.Random, xml: str) -> str:
    return _replace_one(dice, xml, r'"[^"<>]*"', dice.choice(HOSTILE))


def piece(dice: random.Random, xml: str) -> str:
    at = dice.choice([found.start() for found in re.finditer("[<>]", xml)] or [0]) + dice.randint(0, 1)
    return xml[:at] + dice.choice(PIECES) + xml[at:]


def tag(dice: random.Random, xml: str) -> str:
    return _replace_one(dice, xml, r"</?[^<>]+>", "")


def doubled_tag(dice: random.Random, xml: str) -> str:
    found = dice.choice(list(re.finditer(r"<[^<>]+/>|<(\w+)[^<>]*>[^<>]*</\1>|<[^<>]+>", xml)) or [re.match("", xml)])
    return xml[: found.end()] + found[0] * dice.choice([1, 1, 1_000]) + xml[found.end() :]


def swapped_tags(dice: random.Random, xml: str) -> str:
    found = list(re.finditer(r"<row.*?</row>|<c .*?</c>|<si>.*?</si>|<[^<>]+>", xml))
    if len(found) < 2:
        return xml
    one, other = sorted(dice.sample(found, 2), key=lambda match: match.start())
    if one.end() > other.start():
        return xml
    return xml[: one.start()] + other[0] + xml[one.end() : other.start()] + one[0] + xml[other.end() :]


def doctype(_dice: random.Random, xml: str) -> str:
    return re.sub(r"(<\?xml[^>]*>)?", lambda found: f"{found[0]}{DOCTYPE}", xml, count=1)


def declaration(dice: random.Random, xml: str) -> str:
    name = dice.choice(["UTF-16", "latin-1", "utf-7", "x", "us-ascii", "cp1252", "EBCDIC-CP-US"])
    return re.sub(r"<\?xml[^>]*>", f'<?xml version="1.0" encoding="{name}"?>', xml, count=1)


def _replace_one(dice: random.Random, xml: str, pattern: str, new: str) -> str:
    found = list(re.finditer(pattern, xml))
    if not found:
        return xml
    one = dice.choice(found)
    return xml[: one.start()] + new + xml[one.end() :]


BYTES = (truncate, flip, insert, cut_out, repeat, overwrite)
MEMBERS = (drop, double, swap, empty, add)
XMLS = (attribute, attribute, attribute, piece, piece, tag, doubled_tag, swapped_tags, doctype, declaration)


def broken_xml(dice: random.Random, members: Members) -> Members:
    """Break one XML part in one to three places; sheets and texts more often than others."""
    places = [place for place, (name, _) in enumerate(members) if name.endswith((".xml", ".rels"))]
    places += [place for place in places if "sheet1" in members[place][0] or "sharedStrings" in members[place][0]] * 3
    place = dice.choice(places)
    name, content = members[place]
    xml = content.decode("utf-8")
    for _ in range(dice.randint(1, 3)):
        xml = dice.choice(XMLS)(dice, xml)
    encoded = xml.encode("utf-16" if dice.random() < 0.02 else "utf-8", "surrogatepass")
    if dice.random() < 0.1:
        encoded = flip(dice, encoded or b"<a/>")
    return [*members[:place], (name, encoded), *members[place + 1 :]]


def zipped(members: Members) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        warnings.simplefilter("ignore")
        for name, content in members:
            archive.writestr(name, content)
    return buffer.getvalue()


def unzipped(content: bytes) -> Members:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return [(name, archive.read(name)) for name in archive.namelist()]


def _ids_by_openpyxl(path: Path, sheet: str, column: int) -> list[str] | None:
    """Read the ids with a third reader, which knows nothing of the others; None where it cannot read the file.

    It sees no rows in an unknown namespace, which the others do not look at: there it says nothing.
    """
    if not _has_our_namespaces(path):
        return None
    try:
        with warnings.catch_warnings(), path.open("rb") as file:
            warnings.simplefilter("ignore")
            page = openpyxl.load_workbook(file)[sheet]
    except Exception:  # noqa: BLE001  # it ends in errors of all kinds for files that are broken
        return None
    shown = (page.cell(row, column + 1).value for row in range(2, page.max_row + 1))
    return [text for value in shown if value is not None and (text := clean_id(str(value)))]


def _has_our_namespaces(path: Path) -> bool:
    sheets = [content for name, content in unzipped(path.read_bytes()) if "worksheets/" in name.casefold()]
    return all(f'"{MAIN}"'.encode() in content for content in sheets)


class Fuzzer:
    """Break good files and read them; `counts` tells how often each end was reached."""

    def __init__(self, seed: int, folder: Path, *, expected: list[tuple[int, str, list[str]]] = EXPECTED) -> None:
        self._expected = expected
        self._seed = seed
        self._folder = folder
        self._good = [make() for make in (by_openpyxl, by_xlsxwriter, by_hand)]
        self._members = [unzipped(content) for content in self._good]
        self._csv = by_csv()
        self.counts: Counter[str] = Counter()

    def try_one(self, number: int) -> None:
        """Break one file and read it. Raises FaultError that tells how to try the same one again."""
        dice = random.Random(f"{self._seed}:{number}")
        content, extension, keeps_rows = self._broken(dice)
        (self._folder / UPLOAD_FILE).write_bytes(content)
        try:
            end = self._read(extension, keeps_rows=keeps_rows)
            if number % _CHILD_EVERY == 0:
                self._compare_with_child(content, extension, end)
        except BaseException as error:
            if isinstance(error, KeyboardInterrupt):
                raise
            kept = self._folder / f"fault-{self._seed}-{number}{extension}"
            kept.write_bytes(content)
            raise FaultError(f"seed {self._seed}, file {number}: {error!r}; the file is {kept}") from error
        self.counts[end] += 1

    def _broken(self, dice: random.Random) -> tuple[bytes, str, bool]:
        way = dice.random()
        which = dice.randrange(len(self._good))
        if way < 0.25:
            return self._times(dice, BYTES, self._good[which]), ".xlsx", True
        if way < 0.35:
            return self._times(dice, BYTES[:5], self._csv), ".csv", False
        if way < 0.5:
            return zipped(dice.choice(MEMBERS)(dice, self._members[which])), ".xlsx", False
        return zipped(broken_xml(dice, self._members[which])), ".xlsx", False

    def _times(self, dice: random.Random, ways: tuple[Callable[..., bytes], ...], content: bytes) -> bytes:
        for _ in range(dice.choice([1, 1, 2])):
            content = dice.choice(ways)(dice, content) or b"x"
        return content

    def _read(self, extension: str, *, keeps_rows: bool) -> str:
        answer = json.loads(json.dumps(read_upload(self._folder, ReadingJob(extension, limits=LIMITS))))
        result = result_of(answer, self._folder, sha256="", byte_count=0, seconds={})
        if not isinstance(result, ReadFile):
            assert all(problem.text.endswith(".") for problem in result.problems)
            return str(result.problems[0].finding)
        rows = values_in(result)
        numbers = [number for number, _, _ in rows]
        assert len(rows) == result.row_count, "another number of rows was told"
        assert numbers == sorted(set(numbers)), "rows are out of order or doubled"
        assert all(len(cells) == len(result.header) - 1 for _, _, cells in rows), "a row has other cells"
        assert not keeps_rows or rows == self._expected, "a row is wrong"
        if extension == ".xlsx" and not result.problem_count:
            column = column_index(result.header_cells[0].rstrip("0123456789"))
            theirs = _ids_by_openpyxl(self._folder / UPLOAD_FILE, str(result.sheet), column)
            ours = [user_id for _, user_id, _ in rows if user_id]
            assert theirs is None or ours == theirs, f"a third reader finds {theirs}, not {ours}"
        return "read"

    def _compare_with_child(self, content: bytes, extension: str, end: str) -> None:
        path = self._folder / f"given{extension}"
        path.write_bytes(content)
        with tempfile.TemporaryDirectory(dir=self._folder) as own:
            result = read_recipients(path, folder=Path(own), limits=LIMITS)
        found = "read" if isinstance(result, ReadFile) else str(result.problems[0].finding)
        assert found == end, f"the child says {found}, not {end}"
        assert found != Finding.READER_STOPPED, "the reader stopped"


def main() -> None:
    """Run for a while, and print what came of it."""
    parser = argparse.ArgumentParser(description="Break recipients files at random and read them.")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", type=int, help="the number of one file to try")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="windowcast-fuzz-"))
    print(f"seed {given.seed}; the file that is being tried is {folder / UPLOAD_FILE}", flush=True)
    fuzzer = Fuzzer(given.seed, folder)
    faults = 0
    numbers = iter([given.only] if given.only is not None else itertools.count())
    until = time.monotonic() + given.seconds
    for number in numbers:
        if time.monotonic() > until:
            break
        try:
            fuzzer.try_one(number)
        except FaultError as error:
            faults += 1
            print(error, flush=True)
    for end, count in fuzzer.counts.most_common():
        print(f"{count:>8,}  {end}")
    print(f"{faults:>8,}  faults")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
