"""What the tests of reports share beside the fixtures of all tests."""

import pytest

from annotated_books import write_rich


@pytest.fixture
def rich(tmp_path):
    """A workbook with all that people put into theirs; the cell B3 is missing."""
    return write_rich(tmp_path / "rich.xlsx")
