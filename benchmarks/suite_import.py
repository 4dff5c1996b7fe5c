"""What the suite adds to the way of a submit from its start to its messages, imported beside it and imported in it.

Each way runs in a process of its own, as a submit does, and imports the flows, reads, stages and checks the list and
makes its messages: without the suite; with Great Expectations imported after the list was staged, as until commit
0093575; and in a process of its own that is started first. Argument: the number of rows (10000 unless given).
"""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from uuid import UUID

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "benchmarks")]

from parts.stage import Bars, open_stage

from clients.postgres import connect
from domain.submission import Submission
from factories import World, user_id, write_table

TURNS = 3
WAYS = ("without", "in the process", "beside it")
MOST_SHARE = 0.5


def main() -> None:
    """Run the ways in turns; the bar is on what the suite adds to the way without it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"the suite in a submit of {rows:,} rows, fastest of {TURNS} in turns; load before: {load}")
    seconds: dict[str, list[float]] = {way: [] for way in WAYS}
    with open_stage() as stage, tempfile.TemporaryDirectory(prefix="windowcast-bench-") as name:
        path = write_table(
            Path(name) / "list.csv",
            [("user_id", "name"), *((user_id(number), f"Name {number}") for number in range(rows))],
        )
        for _ in range(TURNS):
            for way in WAYS:
                url = stage.new_database()
                with connect(url) as connection:
                    world = World(connection)
                    world.account(name="Shop")
                    world.template(Path(name), code="sale")
                command = [sys.executable, __file__, "--one", way, url, str(path), str(rows)]
                seconds[way].append(float(subprocess.run(command, check=True, capture_output=True, text=True).stdout))
    fastest = {way: min(times) for way, times in seconds.items()}
    for way, took in fastest.items():
        bars.say(f"{way:<15} {took:6.2f} s")
    inside, beside = (fastest[way] - fastest["without"] for way in WAYS[1:])
    bars.check(
        f"the suite adds {beside:.2f} s beside it and {inside:.2f} s in the process",
        holds=beside <= MOST_SHARE * inside,
        bar=f"at most {MOST_SHARE:g} times",
    )
    bars.end()


def run_one(way: str, url: str, path: Path, rows: int) -> float:
    """Go the way of a submit; return its seconds. Raises RuntimeError when the messages are not those of the list."""
    started = time.perf_counter()
    from tasks.suite import prepare_suite, save_results

    if way == "beside it":
        prepare_suite()
    import flows.submit_campaign  # noqa: F401  # a submit imports Prefect before it reads the list
    from tasks.campaigns import count_messages
    from tasks.intake import check_list, take_list
    from tasks.judging import make_messages
    from tasks.submission import find_target

    submission = Submission(submission_id=UUID(int=1), account="Shop", template="sale", language="en", file=path)
    with connect(url) as connection, tempfile.TemporaryDirectory() as folder:
        target = find_target(connection, submission)
        campaign_id, given = take_list(connection, submission, target=target, folder=Path(folder))
        can_judge = check_list(connection, campaign_id, target=target, given=given)
        if way == "in the process":
            from validations.recipients_suite import validate_staged_rows

            results = validate_staged_rows(url, campaign_id, template=target.template)
            save_results(connection, campaign_id, results=results)
        suite_url = url if way == "beside it" else None
        make_messages(connection, campaign_id, target=target, given=given, can_judge=can_judge, suite_url=suite_url)
        seconds = time.perf_counter() - started
        made = count_messages(connection, [campaign_id])[campaign_id].rows
        checked = connection.execute("SELECT count(*) AS n FROM validation_result").fetchone()["n"]
    if made != rows or (checked == 0) != (way == "without"):
        raise RuntimeError(f"{made} messages of {rows} rows, {checked} results of the suite")
    return seconds


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        print(run_one(sys.argv[2], sys.argv[3], Path(sys.argv[4]), int(sys.argv[5])))
    else:
        main()
