"""The child process: it reads what it should, and its abort, kill, hang or hunger for memory is one answer."""

import hashlib
import logging
import os
import subprocess
import sys
import threading

import pytest

from clients.spreadsheet import ReadFile, ReadLimits, UnreadableFile, read_recipients, recipients, start_reading
from clients.spreadsheet.limits import MIB
from domain.errors import NotFoundError
from domain.problem import Finding

LONG_ID = "12345678901234567"


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "upload"
    path.mkdir()
    return path


def findings(result):
    assert isinstance(result, UnreadableFile), result
    assert all(problem.text for problem in result.problems)
    return [problem.finding for problem in result.problems]


def test_a_workbook_is_read_by_the_child(xlsx, folder, rows_of):
    path = xlsx([["user_id", "name"], [LONG_ID, "Ann"], [LONG_ID, "_x0007_"]])

    result = read_recipients(path, folder=folder)

    assert isinstance(result, ReadFile)
    assert rows_of(result) == [("2", LONG_ID, LONG_ID, '{"Ann"}'), ("3", LONG_ID, LONG_ID, "{NULL}")]
    assert result.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (result.byte_count, result.problem_count) == (path.stat().st_size, 1)
    assert set(result.seconds) == {"copy", "child", "check", "read", "compare"}


def test_a_csv_file_and_its_arguments_reach_the_child(csv, folder):
    result = read_recipients(csv("user_id\n12345\n"), folder=folder, sheet="'\" $(x) \u00e9\n", hidden_rows="skip")

    assert isinstance(result, ReadFile)
    assert len(result.remarks) == 2


def test_a_refusal_reaches_the_parent_with_its_facts_and_leaves_no_rows(csv, folder):
    result = read_recipients(csv("user_id\n12345\n12346,x\n"), folder=folder)

    assert findings(result) == [Finding.BAD_CSV_LINE]
    assert result.problems[0].facts == {"line": 3, "what": "has 2 fields (separated by commas), and the header has 1"}
    assert sorted(path.name for path in folder.iterdir()) == ["facts.json", "recipients.upload"]


ENDS = {
    "abort": "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()",
    "kill": "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
    "an error": "1 / 0",
    "no answer": "pass",
    "half an answer": "import sys, pathlib; pathlib.Path(sys.argv[1], 'facts.json').write_text('{\"sheet\"')",
    "an answer, then a crash": (
        "import sys, pathlib, os; pathlib.Path(sys.argv[1], 'facts.json').write_text('{}'); os._exit(9)"
    ),
}


@pytest.mark.parametrize("case", ENDS)
def test_however_the_child_ends_the_parent_goes_on(csv, folder, monkeypatch, caplog, case):
    monkeypatch.setattr(recipients, "_START", ENDS[case])

    with caplog.at_level(logging.WARNING):
        result = read_recipients(csv("user_id\n12345\n"), folder=folder)

    assert findings(result) == [Finding.READER_STOPPED]
    assert "exit code" in caplog.text
    assert "12345" not in caplog.text


SECOND_ENDS = {
    "abort": "import os, resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0)); os.abort()",
    "an error": "1 / 0",
    "no answer": "sys.exit(0)",
    "hang": "import time; time.sleep(600)",
}


@pytest.mark.parametrize("case", SECOND_ENDS)
def test_without_the_second_reader_no_workbook_counts_as_read(xlsx, folder, monkeypatch, case):
    start = f"import sys\nif sys.argv[3] == 'comparison.json': {SECOND_ENDS[case]}\n{recipients._START}"
    monkeypatch.setattr(recipients, "_START", start)

    result = read_recipients(
        xlsx([["user_id"], ["12345"]]), folder=folder, limits=ReadLimits(wall_seconds=2 if case == "hang" else 60)
    )

    assert findings(result) == [Finding.READER_STOPPED]
    assert not (folder / "rows.copy").exists()


def test_the_second_reader_ends_with_the_first(xlsx, folder, tmp_path, monkeypatch):
    note = f"import os, pathlib; pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))"
    start = (
        f"import sys, time\nif sys.argv[3] == 'comparison.json': {note}; time.sleep(600)\n"
        f"while not __import__('os').path.getsize({str(tmp_path / 'pid')!r}): time.sleep(0.01)\n1 / 0"
    )
    (tmp_path / "pid").touch()
    monkeypatch.setattr(recipients, "_START", start)

    result = read_recipients(xlsx([["user_id"], ["12345"]]), folder=folder)

    assert findings(result) == [Finding.READER_STOPPED]
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_the_first_readers_rows_are_there_before_the_second_one_ends(xlsx, folder, tmp_path, monkeypatch):
    wait = f"while not os.path.exists({str(tmp_path / 'end')!r}): time.sleep(0.01)"
    start = f"import os, sys, time\nif sys.argv[3] == 'comparison.json':\n  {wait}\n  1 / 0\n{recipients._START}"
    monkeypatch.setattr(recipients, "_START", start)

    reading = start_reading(xlsx([["user_id"], ["12345"]]), folder=folder)

    assert isinstance(reading.first, ReadFile)
    assert reading.first.rows_file.read_text() == "2\t12345\t12345\t{}\n"
    (tmp_path / "end").touch()
    assert findings(reading.result) == [Finding.READER_STOPPED]
    assert not reading.first.rows_file.exists()


def test_a_reading_that_nobody_waits_for_ends_its_second_reader(xlsx, folder, tmp_path, monkeypatch):
    note = f"import os, pathlib; pathlib.Path({str(tmp_path)!r}, 'pid').write_text(str(os.getpid()))"
    start = (
        f"import sys, time\nif sys.argv[3] == 'comparison.json': {note}; time.sleep(600)\n"
        f"while not __import__('os').path.getsize({str(tmp_path / 'pid')!r}): time.sleep(0.01)\n{recipients._START}"
    )
    (tmp_path / "pid").touch()
    monkeypatch.setattr(recipients, "_START", start)

    reading = start_reading(xlsx([["user_id"], ["12345"]]), folder=folder)
    assert isinstance(reading.first, ReadFile)
    del reading

    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_readers_that_differ_are_heard_from_their_processes(xlsx, folder, monkeypatch):
    other = "from clients.spreadsheet import clean_cells; clean_cells.clean_id = lambda shown: '99999'; "
    monkeypatch.setattr(recipients, "_START", recipients._START.replace("; main()", f"; {other}main()"))

    result = read_recipients(xlsx([["user_id", "name"], [" 12345", "Ann"]]), folder=folder)

    assert findings(result) == [Finding.READERS_DISAGREE]


def test_a_child_that_hangs_is_ended(csv, folder, monkeypatch):
    monkeypatch.setattr(recipients, "_START", "import time; time.sleep(600)")

    result = read_recipients(csv("user_id\n12345\n"), folder=folder, limits=ReadLimits(wall_seconds=0.2))

    assert findings(result) == [Finding.READER_STOPPED]


def test_a_child_that_wants_too_much_memory_is_ended(csv, folder, caplog):
    path = csv("user_id,name\n12345,x\n" + 'x"' * (20 * MIB))

    result = read_recipients(path, folder=folder, limits=ReadLimits(memory_bytes=48 * MIB))

    assert findings(result) == [Finding.READER_STOPPED]
    assert "Traceback" not in caplog.text


def test_a_child_that_computes_too_long_is_ended(xlsx, folder):
    rows = "".join(f'<row r="{n}"><c r="A{n}" t="e"><v>#N/A</v></c></row>' for n in range(1, 150_000))

    result = read_recipients(xlsx(rows), folder=folder, limits=ReadLimits(cpu_seconds=1))

    assert findings(result) == [Finding.READER_STOPPED]


def test_an_answer_of_an_earlier_reading_is_not_taken_for_this_one(csv, folder, monkeypatch):
    read_recipients(csv("user_id\n12345\n"), folder=folder)
    monkeypatch.setattr(recipients, "_START", "pass")

    assert findings(read_recipients(csv("user_id\n12345\n"), folder=folder)) == [Finding.READER_STOPPED]


def test_the_child_sees_no_secrets_and_opens_no_connections(tmp_path, csv, folder, monkeypatch):
    monkeypatch.setenv("WINDOWCAST_SECRET", "hidden")
    probe = (
        "import json, os, socket, sys; sys.path[:0] = json.loads(sys.argv.pop());"
        "from clients.spreadsheet.child import _limit_this_process, _job_of;"
        "_limit_this_process(_job_of(sys.argv[2]).limits);"
        f"out=open({str(tmp_path / 'probe')!r}, 'w'); out.write(str('WINDOWCAST_SECRET' in os.environ)); out.flush()\n"
        "try: socket.create_connection(('127.0.0.1', 9))\n"
        "except PermissionError: out.write(' refused')\n"
        "out.close()"
    )
    monkeypatch.setattr(recipients, "_START", probe)

    read_recipients(csv("user_id\n12345\n"), folder=folder)

    assert (tmp_path / "probe").read_text() == "False refused"


def test_the_child_starts_with_little():
    code = (
        "import json, sys; sys.path[:0] = json.loads(sys.argv.pop()); import clients.spreadsheet.child;"
        "print(sorted(set(sys.modules) & {'pandas', 'openpyxl', 'psycopg', 'httpx', 'python_calamine', 'ssl'}))"
    )

    shown = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code, recipients._import_path()], capture_output=True, check=True, text=True
    ).stdout

    assert shown.strip() == "[]"


# The copy.


def test_what_happens_to_the_file_after_the_copy_changes_nothing(csv, folder, monkeypatch):
    path = csv("user_id\n12345\n")
    read_in_children = recipients._read_in_children

    def replace_then_read(*arguments):
        path.write_text("user_id\n99999\n")
        return read_in_children(*arguments)

    monkeypatch.setattr(recipients, "_read_in_children", replace_then_read)
    result = read_recipients(path, folder=folder)

    assert result.rows_file.read_text() == "2\t12345\t12345\t{}\n"
    assert result.sha256 == hashlib.sha256(b"user_id\n12345\n").hexdigest()
    assert (folder / "recipients.upload").read_bytes() == b"user_id\n12345\n"


def test_a_file_that_changes_while_it_is_copied_is_refused(csv, folder, monkeypatch):
    path = csv("user_id\n12345\n")
    copy_bytes = recipients._copy_bytes

    def copy_and_grow(*arguments):
        copied = copy_bytes(*arguments)
        with path.open("a") as file:
            file.write("12346\n")
        return copied

    monkeypatch.setattr(recipients, "_copy_bytes", copy_and_grow)

    assert findings(read_recipients(path, folder=folder)) == [Finding.CHANGED_WHILE_READ]


def test_a_file_larger_than_allowed_is_not_copied_to_its_end(csv, folder):
    path = csv("user_id\n" + "12345\n" * 1_000_000)

    result = read_recipients(path, folder=folder, limits=ReadLimits(file_bytes=MIB))

    assert findings(result) == [Finding.TOO_LARGE]
    assert result.byte_count == 2 * MIB


@pytest.mark.parametrize("name", ["missing.csv", "."])
def test_what_is_no_file_is_not_found(tmp_path, folder, name):
    with pytest.raises(NotFoundError, match=r"\.$"):
        read_recipients(tmp_path / name, folder=folder)


def test_a_pipe_in_place_of_a_file_does_not_hold_the_reading_up(tmp_path, folder):
    os.mkfifo(tmp_path / "pipe.csv")

    with pytest.raises(NotFoundError):
        read_recipients(tmp_path / "pipe.csv", folder=folder)


def test_two_readings_at_once_do_not_meet(csv, tmp_path):
    path = csv("user_id\n12345\n")
    results = []

    def read_into(name):
        own = tmp_path / name
        own.mkdir()
        results.append(read_recipients(path, folder=own))

    threads = [threading.Thread(target=read_into, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [result.row_count for result in results] == [1, 1]
    assert len({result.rows_file for result in results}) == 2


def test_the_job_survives_its_way_to_the_child():
    job = recipients.ReadingJob(".xlsx", "Mäy", "skip", ReadLimits(rows=5))

    from clients.spreadsheet.child import _job_of, job_text

    assert _job_of(job_text(job)) == job
