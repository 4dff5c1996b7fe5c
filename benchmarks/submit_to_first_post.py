"""From a submit to the first POST: of 5 rows without a Prefect server, and of 1,000 rows on a server, part by part.

Without a server: from Enter to the first POST, at most 7 seconds. On a server, with a warm worker: at most 6 seconds
beyond reading and checking the list. What Prefect itself takes of them is measured by a flow that does nothing in as
many tasks, on the same worker.

Arguments: folders of other checkouts, each with its .venv, whose `submit` without a server runs in turns with ours.
"""

import os
import shutil
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "tests", ROOT / "tests" / "flows", ROOT / "benchmarks"):
    sys.path.insert(0, str(folder))

from parts.bare_flow import LAST, bare
from parts.home import Home
from parts.stage import Bars
from prefect_machine import running_server, wait_until

import servers
from clients.postgres import connect
from domain.template import Channel
from factories import World, user_id
from sandbox.process import running_sandbox
from tasks.windows import read_clock

ROWS = 1_000
FEW = 5
TURNS = 3
WITHOUT_SERVER_SECONDS = 7.0
PAGE = "104050607080901"
TOKEN_NAME = "WINDOWCAST_BENCHMARK_TOKEN"
BEYOND_VALIDATION_SECONDS = 6.0
_VALIDATION = "read and check the list"


def main() -> None:
    """Submit three times in each way; print the second fastest, and its parts on the server."""
    load = " ".join(f"{each:.1f}" for each in os.getloadavg())
    bars = Bars(f"from a submit to the first POST, second fastest of three; load before: {load}")
    measure_without_server(bars, [ROOT, *(Path(word).resolve() for word in sys.argv[1:])])
    measure_on_server(bars)
    bars.end()


def measure_without_server(bars: Bars, roots: list[Path]) -> None:
    """Submit five rows by the command of each checkout in turns, each in its own home with the embedded Postgres."""
    took: dict[Path, list[float]] = {root: [] for root in roots}
    with running_sandbox() as platform:
        homes = {root: prepare_home(root, platform) for root in roots}
        for _ in range(TURNS):
            for root, home in homes.items():
                took[root].append(seconds_to_first_post(home, platform))
    for home in homes.values():
        shutil.rmtree(home.folder)
    for root in roots[1:]:
        bars.say(f"without a server, {FEW} rows       {sorted(took[root])[1]:5.2f} s ({root})")
    ours = sorted(took[ROOT])[1]
    bars.check(
        f"without a server, {FEW} rows       {ours:5.2f} s",
        holds=ours <= WITHOUT_SERVER_SECONDS,
        bar=f"at most {WITHOUT_SERVER_SECONDS:g} s",
    )


def prepare_home(root: Path, platform) -> Home:
    """Set up an account, a template and people who wrote an hour ago by a checkout's commands; write a list of them."""
    home = Home(root, WINDOWCAST_GRAPH_URL=platform.url, WINDOWCAST_TIME_ZONE="UTC", **{TOKEN_NAME: "t"})
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    people = [user_id(number) for number in range(FEW)]
    add_people(platform, people, at=at)
    (home.folder / "sale.yaml").write_text(
        "code: sale\nlanguage: en\nchannel: messenger\nname: Sale\n"
        'content: {kind: text, text: "Hello $(first_name)!"}\n'
    )
    write_csv(home.folder / "interactions.csv", "account,user_id,kind,occurred_at", f"Shop,{{}},message,{at}", people)
    write_csv(home.folder / "list.csv", "user_id,first_name", "{},Ada", people)
    home.run(
        "accounts", "add", "Shop", "--channel", "messenger", "--provider", "graph", "--external-id", PAGE,
        "--credential", TOKEN_NAME,
    )  # fmt: skip
    home.run("templates", "add", "sale.yaml")
    home.run("interactions", "import", "interactions.csv")
    return home


def seconds_to_first_post(home: Home, platform) -> float:
    before, entered = len(platform.log()), time.time()
    target = ("--account", "Shop", "--template", "sale", "--language", "en")
    home.run("submit", *target, "--file", "list.csv", "--yes", "--again")
    return platform.log()[before].platform_ms / 1000 - entered


def measure_on_server(bars: Bars) -> None:
    """Submit a thousand rows on a server with a warm worker, and print the parts."""
    postgres = servers.embedded()
    postgres.make_template()
    folder = Path(tempfile.mkdtemp(prefix="windowcast-bench-"))
    os.environ.update(
        WINDOWCAST_DATABASE_URL=postgres.url(postgres.create()), WINDOWCAST_HOME=str(folder), **{TOKEN_NAME: "t"}
    )
    try:
        with running_sandbox() as platform:
            os.environ["WINDOWCAST_GRAPH_URL"] = platform.url
            prepare(platform, folder)
            with running_server(folder) as server:
                assert server.windowcast("deploy").returncode == 0
                with server.worker():
                    wait_until(lambda: server.call("work_pools/windowcast/workers/filter", {}), seconds=60)
                    bares = sorted(bare_try(server) for _ in range(3))
                    tries = sorted((one_try(server, platform, folder) for _ in range(3)), key=lambda one: one["beyond"])
    finally:
        postgres.stop()
    report(bars, tries[1], bare_seconds=bares[1])


def prepare(platform, folder: Path) -> None:
    """Make an account without a pace, a template, 1,000 people who have written, and the file."""
    with connect(os.environ["WINDOWCAST_DATABASE_URL"]) as connection:
        world = World(connection)
        account = world.account(name="Shop", external_id=PAGE, credential=TOKEN_NAME, channel=Channel.MESSENGER)
        world.template(folder, code="sale", text="Hello $(first_name)!")
        world.people_write(account, range(ROWS))
        at = (read_clock(connection) - timedelta(hours=1)).isoformat()
    people = [user_id(number) for number in range(ROWS)]
    add_people(platform, people, at=at)
    write_csv(folder / "list.csv", "user_id,first_name", "{},Ada", people)


def add_people(platform, people: list[str], *, at: str) -> None:
    """Let the sandbox know the account, and people who wrote to it."""
    platform.add_accounts(
        [{"external_id": PAGE, "channel": "messenger", "token": "t", "app_secret": "s", "name": "Shop"}]
    )
    platform.people_write(
        {"account": PAGE, "user_id": person, "kind": "message", "occurred_at": at} for person in people
    )


def write_csv(path: Path, header: str, row: str, people: list[str]) -> None:
    path.write_text("\n".join([header, *(row.format(person) for person in people)]), encoding="utf-8")


def bare_try(server) -> float:
    """Ask the server for a run of the flow that does nothing; return the seconds until its last task begins."""
    flow = server.call("flows/", {"name": bare.name})
    words = {
        "name": "bare",
        "flow_id": flow["id"],
        "entrypoint": "benchmarks/parts/bare_flow.py:bare",
        "work_pool_name": "windowcast",
        "pull_steps": [{"prefect.deployments.steps.set_working_directory": {"directory": str(ROOT)}}],
    }
    deployment = server.call("deployments/", words)
    asked = time.time()
    run = server.call(f"deployments/{deployment['id']}/create_flow_run", {"state": {"type": "SCHEDULED"}})
    wait_until(lambda: _is_completed(server, run["id"]), seconds=120)
    wait_until(lambda: _began(server, LAST, after=asked) is not None, seconds=60)
    return _began(server, LAST, after=asked) - asked


def one_try(server, platform, folder: Path) -> dict[str, float]:
    """Ask the server for a submit; return how many seconds each part took."""
    before = len(platform.log())
    deployment = server.call("deployments/name/submit-campaign/submit-campaign", method="GET")
    words = {"account": "Shop", "template": "sale · en · 1", "file": str(folder / "list.csv"), "again": True}
    asked = time.time()
    run = server.call(
        f"deployments/{deployment['id']}/create_flow_run", {"parameters": words, "state": {"type": "SCHEDULED"}}
    )
    wait_until(lambda: _is_completed(server, run["id"]), seconds=120)
    first_post = platform.log()[before].platform_ms / 1000
    states = {state["name"]: _seconds(state["timestamp"]) for state in _states(server, run["id"])}
    # A task run is recorded a moment after it has ended.
    wait_until(lambda: _validation(server, run["id"]) is not None, seconds=60)
    began, ended = _validation(server, run["id"])
    return {
        "a worker takes it": states["Pending"] - asked,
        "its process starts": states["Running"] - states["Pending"],
        "before the list is read": began - states["Running"],
        "reading and checking": ended - began,
        "from there to the first POST": first_post - ended,
        "beyond": first_post - asked - (ended - began),
    }


def _is_completed(server, run_id: str) -> bool:
    return server.call(f"flow_runs/{run_id}", method="GET")["state"]["type"] == "COMPLETED"


def _began(server, name: str, *, after: float) -> float | None:
    found = server.call("task_runs/filter", {"task_runs": {"name": {"any_": [name]}}})
    times = [_seconds(one["start_time"]) for one in found if one["start_time"] is not None]
    return next((began for began in times if began > after), None)


def _states(server, run_id: str) -> list[dict]:
    return server.call(f"flow_run_states/?flow_run_id={run_id}", method="GET")


def _validation(server, run_id: str) -> tuple[float, float] | None:
    found = server.call("task_runs/filter", {"task_runs": {"flow_run_id": {"any_": [run_id]}}})
    times = [(one["start_time"], one["end_time"]) for one in found if one["name"] == _VALIDATION]
    return None if not times or times[0][1] is None else (_seconds(times[0][0]), _seconds(times[0][1]))


def _seconds(text: str) -> float:
    return datetime.fromisoformat(text).astimezone(UTC).timestamp()


def report(bars: Bars, one: dict[str, float], *, bare_seconds: float) -> None:
    """Print the parts and the bar."""
    for name, seconds in one.items():
        if name != "beyond":
            bars.say(f"{name:<30} {seconds:5.2f} s")
    bars.say(f"a flow that does nothing       {bare_seconds:5.2f} s, in as many tasks: what Prefect itself takes")
    bars.check(
        f"beyond reading and checking    {one['beyond']:5.2f} s",
        holds=one["beyond"] <= BEYOND_VALIDATION_SECONDS,
        bar=f"at most {BEYOND_VALIDATION_SECONDS:g} s",
    )


if __name__ == "__main__":
    main()
