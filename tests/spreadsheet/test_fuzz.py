"""A short run of the fuzzer, always with the same files; `make fuzz` runs it for longer with others."""

import pytest

from spreadsheet.fuzz import EXPECTED, FaultError, Fuzzer


@pytest.fixture
def fuzzer(tmp_path):
    return Fuzzer(20_261_123, tmp_path)


def try_all(fuzzer: Fuzzer) -> None:
    for number in range(200):
        fuzzer.try_one(number)


def test_broken_files_end_in_a_refusal_or_in_a_right_reading(fuzzer):
    try_all(fuzzer)

    assert fuzzer.counts.total() == 200
    # Neither end may swallow the other: then nothing would be tried any more.
    assert fuzzer.counts["read"] > 10
    assert fuzzer.counts["damaged"] > 100


def test_a_wrong_row_is_a_fault(tmp_path):
    fuzzer = Fuzzer(20_261_123, tmp_path, expected=[(2, "99999", ["never", "written"]), *EXPECTED[1:]])

    with pytest.raises(FaultError, match="a row is wrong"):
        try_all(fuzzer)
