"""Csv files: encodings, delimiters, line ends, quotes, and lines that do not fit."""

import pytest

from clients.spreadsheet import ReadLimits, UnreadableFile, csv_file, csv_second_reader
from clients.spreadsheet.limits import UnreadableError
from domain.problem import Finding

LONG_ID = "12345678901234567"


def findings(result):
    assert isinstance(result, UnreadableFile), result
    assert all(problem.text for problem in result.problems)
    return [(problem.finding, problem.facts.get("line")) for problem in result.problems]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_are_found(csv, read, rows_of, delimiter, end):
    result = read(csv(delimiter.join(["user_id", "name"]) + end + delimiter.join([LONG_ID, "Ann"]) + end))

    assert (result.header, rows_of(result)) == (("user_id", "name"), [("2", LONG_ID, LONG_ID, '{"Ann"}')])
    assert result.remarks == (
        f"The columns are separated by { {',': 'commas', ';': 'semicolons'}.get(delimiter, 'tabs') }.",
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_in_every_marked_encoding(csv, read, rows_of, encoding):
    mark = {"utf-16-le": b"\xff\xfe", "utf-16-be": b"\xfe\xff"}.get(encoding, b"")

    result = read(csv(mark + "user_id,name\n12345,Zoë 😀\n".encode(encoding)))

    assert (result.header[0], rows_of(result)[0][3]) == ("user_id", '{"Zoë 😀"}')


@pytest.mark.parametrize(
    ("content", "finding", "line"),
    [
        ("user_id,name\n12345,Ann\n12346,Zoë\n".encode("cp1252"), Finding.BAD_ENCODING, 3),
        ("user_id,name\r12345,Ann\r12346,Zoë\r".encode("latin-1"), Finding.BAD_ENCODING, 3),
        ("user_id,näme\n".encode("cp1252"), Finding.BAD_ENCODING, 1),
        (b"\xff\xfeu\x00s\x00e\x00r\x00\n\x00\x00\xd8a\x00", Finding.BAD_CSV_LINE, 2),
        ("user_id\n1\n".encode("utf-32"), Finding.BAD_CSV_LINE, 1),
        (b"\xff\xfeu\x00s", Finding.BAD_CSV_LINE, 1),
    ],
)
def test_other_encodings_are_refused_with_the_line(csv, read, content, finding, line):
    assert findings(read(csv(content))) == [(finding, line)]


def test_the_encoding_of_windows_is_read_only_when_it_is_asked_for(csv, read, rows_of):
    path = csv("user_id;name\n12345;Zoë €\n".encode("cp1252"))

    unasked, asked = read(path), read(path, encoding="cp1252")

    assert "--encoding cp1252" in unasked.problems[0].text
    assert rows_of(asked) == [("2", "12345", "12345", '{"Zoë €"}')]
    assert asked.remarks == ("The columns are separated by semicolons.", "The text was read as cp1252 (Windows).")


def test_a_byte_order_mark_is_believed_rather_than_a_word(csv, read, rows_of):
    result = read(csv(b"\xef\xbb\xbfuser_id,name\n12345,Zo\xc3\xab\n"), encoding="cp1252")

    assert rows_of(result)[0][3] == '{"Zoë"}'
    assert result.remarks[1] == "The encoding cp1252 was not needed: the file itself says UTF-8."


def test_bytes_that_the_asked_encoding_does_not_have_are_refused(csv, read):
    result = read(csv(b"user_id,name\n12345,a\x81\n"), encoding="cp1252")

    assert findings(result) == [(Finding.BAD_CSV_LINE, 2)]
    assert "is no cp1252 (Windows) text" in result.problems[0].text


READ_ONCE = [(1, 1, ["user_id"]), (2, 2, ["12345"]), (3, 3, ["12346"])]
READ_OTHERWISE = {
    "a record less": [["user_id"], ["12345"]],
    "a record more": [["user_id"], ["12345"], ["12346"], ["12347"]],
    "another id": [["user_id"], ["12345"], ["99999"]],
    "no record": [["user_id"], ["12345"], None],
}


@pytest.mark.parametrize("case", READ_OTHERWISE)
def test_a_csv_file_that_two_readers_see_differently_is_refused(case):
    with pytest.raises(UnreadableError) as caught:
        list(csv_file.agreed(READ_ONCE, iter(READ_OTHERWISE[case])))

    assert [problem.finding for problem in caught.value.problems] == [Finding.READERS_DISAGREE]


def test_a_csv_file_that_two_readers_see_alike_is_read():
    assert list(csv_file.agreed(READ_ONCE, (record for _, _, record in READ_ONCE))) == READ_ONCE


@pytest.mark.parametrize("cut", range(1, 9))
def test_the_second_reader_ends_lines_wherever_its_blocks_are_cut(csv, cut):
    path = csv('a,"b\r\nc",d\r\n\r\n"x""y",\rz\n"",é')

    records = list(csv_second_reader.read_records(path, "utf-8", delimiter=",", skipped_lines=0, block_bytes=cut))

    assert records == [["a", "b\r\nc", "d"], [], ['x"y', ""], ["z"], ["", "é"]]


def test_bytes_of_utf_16_without_mark_are_no_text(csv, read):
    assert findings(read(csv("user_id\n12345\n".encode("utf-16-le"))))[0][0] is Finding.NOT_A_SPREADSHEET


@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "SEP=;"])
def test_a_line_that_names_the_separator_is_honoured_and_is_no_row(csv, read, rows_of, first):
    result = read(csv(f"{first}\nuser_id;name\n12345;a,b\n"))

    assert (result.header, rows_of(result)) == (("user_id", "name"), [("2", "12345", "12345", '{"a,b"}')])


def test_an_odd_separator_is_refused(csv, read):
    assert findings(read(csv("sep=|\nuser_id|name\n"))) == [(Finding.BAD_CSV_LINE, 1)]


def test_a_tab_named_as_separator_is_honoured(csv, read):
    assert read(csv("sep=\t\nuser_id\tname\n12345\tx\n")).header == ("user_id", "name")


def test_the_header_alone_decides_on_the_delimiter(csv, read):
    assert read(csv("user_id;a,b,c\n12345;x,y,z\n")).header == ("user_id", "a,b,c")
    assert read(csv("id,name,city\n12345,x;y;z;a;b,c\n")).header == ("id", "name", "city")


def test_values_in_quotes_keep_delimiters_line_ends_and_quotes(csv, read, rows_of):
    result = read(csv('user_id,name,x\r\n12345,"a, ""b""\r\nc",\r\n12346,d,e\r\n'))

    assert rows_of(result) == [
        ("2", "12345", "12345", '{"a, \\\\"b\\\\"\\nc",NULL}'),
        ("3", "12346", "12346", '{"d","e"}'),
    ]


def test_row_numbers_count_records_as_a_spreadsheet_shows_them(csv, read, rows_of):
    result = read(csv('user_id,name\n12345,"a\nb"\n\n,\n12346,c\n'))

    assert [row[0] for row in rows_of(result)] == ["2", "5"]
    assert result.blank_rows == (3, 4)


def test_missing_fields_at_the_end_are_empty_cells(csv, read, rows_of):
    result = read(csv("user_id,a,b\n12345\n12346,x\n12347,x,y,,\n"))

    assert [row[3] for row in rows_of(result)] == ["{NULL,NULL}", '{"x",NULL}', '{"x","y"}']


def test_further_fields_refuse_the_file_with_each_line(csv, read):
    result = read(csv('user_id,name\n12345,x,y\n"12346","a\nb"\n12347,c,d,e\n12348,fine\n'))

    assert findings(result) == [(Finding.BAD_CSV_LINE, 2), (Finding.BAD_CSV_LINE, 5)]
    assert result.problems[0].facts["what"] == "has 3 fields (separated by commas), and the header has 2"


def test_no_more_than_twenty_bad_lines_are_told(csv, read):
    assert len(read(csv("user_id\n" + "1,2\n" * 50)).problems) == 20


@pytest.mark.parametrize(
    ("content", "line"),
    [
        ('user_id,name\n12345,x\n12346,"open\n12347,y\n', 3),
        ('user_id,name\n12345,"a"b\n', 2),
        ('user_id,name\n12345,"open\n12346,"y"\n', 2),
        ('sep=,\nuser_id,name\n12345,"open\n', 3),
    ],
)
def test_quotes_that_do_not_fit_refuse_the_file_with_the_line(csv, read, content, line):
    assert findings(read(csv(content))) == [(Finding.BAD_CSV_LINE, line)]


def test_a_field_without_end_is_too_large(csv, read, monkeypatch):
    monkeypatch.setattr(csv_file, "_LONGEST_FIELD", 1_000)

    assert findings(read(csv('user_id,name\n12345,"' + "x" * 2_000))) == [(Finding.TOO_LARGE, None)]


def test_ids_of_any_length_stay_whole_and_numbers_in_short_form_do_not_pass(csv, read, rows_of, problems_of):
    result = read(csv(f"user_id,n\n{LONG_ID},1.23E+16\n1.23E+16,x\n00123,-\n"))

    assert rows_of(result) == [
        ("2", LONG_ID, LONG_ID, '{"1.23E+16"}'),
        ("3", "1.23E+16", r"\N", '{"x"}'),
        ("4", "00123", "00123", '{"-"}'),
    ]
    assert problems_of(result) == [(3, "user_id", "id_stored_as_number", {"found": "1.23E+16"})]


def test_control_characters_are_found_in_csv_too(csv, read, problems_of):
    filler = "".join(f"{number},x\n" for number in range(10000, 11000))

    result = read(csv(f"user_id,name\n{filler}12345,a\x00b\n12346,c\x1bd\n"))

    assert [(row, facts["found"]) for row, _, _, facts in problems_of(result)] == [(1002, "U+0000"), (1003, "U+001B")]


def test_a_sheet_that_is_named_for_a_csv_file_is_remarked_on(csv, read):
    assert len(read(csv("user_id\n12345\n"), sheet="May").remarks) == 2


@pytest.mark.parametrize("content", ["\n\n", "user_id,name\n", " ", "\ufeff", "user_id\nEXAMPLE\n"])
def test_a_csv_file_without_recipients_says_so(csv, read, content):
    assert findings(read(csv(content))) == [(Finding.NO_RECIPIENTS, None)]


def test_limits_hold_for_csv_files(csv, read):
    path = csv("user_id,name\n" + "12345,abc\n" * 10)

    assert findings(read(path, limits=ReadLimits(rows=9))) == [(Finding.TOO_LARGE, None)]
    assert findings(read(path, limits=ReadLimits(characters=50))) == [(Finding.TOO_LARGE, None)]
    assert findings(read(csv("user_id" + ",a" * 200 + "\n12345\n"))) == [(Finding.TOO_LARGE, None)]


def test_hidden_characters_in_the_header_do_not_hide_it(csv, read):
    assert read(csv('\ufeff"user_id\u00a0";" name"\n12345;x\n')).header == ("user_id", "name")
