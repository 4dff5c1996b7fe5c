"""Writing the message list to a file: seconds and memory for each kind, streamed row by row."""

import sys
import tempfile
import time
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from domain.states import MessageState
from reports.message_list import MessageLine, export_result


def main() -> None:
    """Print one line for each kind of file and two sizes: memory must not grow with the rows."""
    sizes = [int(word) for word in sys.argv[1:]] or [5_000, 50_000]
    folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    print(f"{datetime.now(UTC):%Y-%m-%d} export of the message list, 3 columns and the outcome")
    for suffix in (".parquet", ".csv", ".xlsx"):
        for count in sizes:
            seconds, peak = measured(folder / f"list{suffix}", count)
            print(f"  {suffix:<8} {count:>7} rows: {seconds:>6.2f} s, peak {peak / 1024**2:>5.1f} MiB")


def measured(path: Path, count: int) -> tuple[float, int]:
    started = time.perf_counter()
    export_result(path, ("user_id", "name", "offer"), lines=lines(count))
    seconds = time.perf_counter() - started
    tracemalloc.start()
    export_result(path, ("user_id", "name", "offer"), lines=lines(count))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return seconds, peak


def lines(count: int):
    at = datetime(2026, 11, 23, tzinfo=UTC)
    return (
        MessageLine(
            row_number=number + 2,
            values=(str(25_000_000_000_000_001 + number), f"Name {number}", "some text " * 10),
            state=MessageState.SENT,
            sent_at=at,
            message_id=f"m_{number}",
        )
        for number in range(count)
    )


if __name__ == "__main__":
    main()
