"""From a submit on a Prefect server to the first POST: a warm worker, 1,000 rows, sent at once; what each part takes.

The bar: at most 6 seconds beyond reading and checking the list. What Prefect itself takes of them is measured by a flow
that does nothing in as many tasks, on the same worker.
"""

import os
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

ROOT = Path(__file__).parents[1]
for folder in (ROOT, ROOT / "tests", ROOT / "tests" / "flows", ROOT / "benchmarks"):
    sys.path.insert(0, str(folder))

from parts.bare_flow import LAST, bare
from parts.stage import Bars
from prefect_machine import running_server, wait_until

import servers
from clients.postgres import connect
from domain.template import Channel
from factories import World, user_id
from sandbox.process import running_sandbox
from tasks.windows import read_clock

ROWS = 1_000
PAGE = "104050607080901"
TOKEN_NAME = "WINDOWCAST_BENCHMARK_TOKEN"
BEYOND_VALIDATION_SECONDS = 6.0
_VALIDATION = "read and check the list"


def main() -> None:
    """Submit three times and print the parts of the second fastest."""
    bars = Bars("from a submit on a server to the first POST, warm worker, 1,000 rows, second fastest of three")
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
    bars.end()


def prepare(platform, folder: Path) -> None:
    """Make an account without a pace, a template, 1,000 people who have written, and the file."""
    with connect(os.environ["WINDOWCAST_DATABASE_URL"]) as connection:
        world = World(connection)
        account = world.account(name="Shop", external_id=PAGE, credential=TOKEN_NAME, channel=Channel.MESSENGER)
        world.template(folder, code="sale", text="Hello $(first_name)!")
        world.people_write(account, range(ROWS))
        at = (read_clock(connection) - timedelta(hours=1)).isoformat()
    platform.add_accounts(
        [{"external_id": PAGE, "channel": "messenger", "token": "t", "app_secret": "s", "name": "Shop"}]
    )
    platform.people_write(
        {"account": PAGE, "user_id": user_id(number), "kind": "message", "occurred_at": at} for number in range(ROWS)
    )
    lines = [f"{user_id(number)},Ada" for number in range(ROWS)]
    (folder / "list.csv").write_text("\n".join(["user_id,first_name", *lines]), encoding="utf-8")


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
