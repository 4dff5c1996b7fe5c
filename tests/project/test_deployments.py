"""Each deployment leads to a flow that loads, under the flow's own name, with parameters that the flow has."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from clients.prefect_server import FLOWS

ROOT = Path(__file__).parents[2]
DEPLOYMENTS = yaml.safe_load((ROOT / "deployments" / "prefect.yaml").read_text(encoding="utf-8"))["deployments"]


# Prefect hides import errors behind a placeholder unless it is told not to. Each entrypoint is loaded in a fork of its
# own, which holds Prefect and nothing of ours: Prefect takes longer to import than all flows to load.
_LOAD = """
import json, os, sys
from prefect.flows import load_flow_from_entrypoint
for entrypoint in sys.argv[1:]:
    if os.fork() == 0:
        flow = load_flow_from_entrypoint(entrypoint, use_placeholder_flow=False)
        loaded = {"name": flow.name, "parameters": flow.parameters.properties}
        print(json.dumps({entrypoint: loaded}), flush=True)
        os._exit(0)
    os.wait()
"""

# With versions that do not fit together the server's scheduler logs an error, and no run ever comes.
_SCHEDULE = """
import asyncio, json, sys
from prefect.server.schemas.schedules import SCHEDULE_TYPES
from pydantic import TypeAdapter
schedule = TypeAdapter(SCHEDULE_TYPES).validate_python(json.loads(sys.argv[1]))
print(len(asyncio.run(schedule.get_dates(n=3))))
"""


@pytest.fixture(scope="module")
def loaded():
    """What each entrypoint loads as; of one that does not load, what the process wrote about it."""
    # In a process of its own: Prefect reads its settings when it is first imported, and the flow tests set them.
    entrypoints = [deployment["entrypoint"] for deployment in DEPLOYMENTS]
    done = subprocess.run(
        [sys.executable, "-c", _LOAD, *entrypoints], cwd=ROOT, capture_output=True, text=True, check=False
    )
    found = dict.fromkeys(entrypoints, done.stderr)
    for line in done.stdout.splitlines():
        found |= json.loads(line)
    return found


@pytest.fixture(params=DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def deployment(request):
    return request.param


def test_names_are_given_once():
    names = [deployment["name"] for deployment in DEPLOYMENTS]

    assert len(names) == len(set(names))


def test_each_entrypoint_loads_for_real_under_the_name_of_its_flow(deployment, loaded):
    flow = loaded[deployment["entrypoint"]]

    assert isinstance(flow, dict), flow
    assert flow["name"] == deployment["name"]
    assert set(deployment.get("parameters", {})) <= set(flow["parameters"])
    for name, parameter in flow["parameters"].items():
        assert parameter.get("description"), f"{name} is not described for the people who fill in the form"


@pytest.mark.parametrize(
    "schedule",
    [schedule for deployment in DEPLOYMENTS for schedule in deployment.get("schedules", [])],
    ids=lambda schedule: schedule["slug"],
)
def test_each_schedule_makes_runs_on_the_locked_versions(schedule):
    fields = {name: value for name, value in schedule.items() if name != "slug"}
    if "timezone" in fields:
        fields["timezone"] = "Europe/Berlin"

    done = subprocess.run(
        [sys.executable, "-c", _SCHEDULE, json.dumps(fields)], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert (done.returncode, done.stdout.strip()) == (0, "3"), done.stderr


def test_every_flow_has_its_deployment():
    flows = {path.stem.replace("_", "-") for path in (ROOT / "flows").glob("*.py") if path.stem != "__init__"}

    assert flows == {deployment["name"] for deployment in DEPLOYMENTS} == set(FLOWS)


def test_no_flow_uses_a_limit_of_prefect():
    # Pace and caps are rows of our Postgres: nothing that is sent may depend on a slot that Prefect gives.
    flows = [path for folder in ("flows", "deployments") for path in (ROOT / folder).glob("*.py")]

    assert len(flows) > len(FLOWS)
    assert [path.name for path in flows if "prefect.concurrency" in path.read_text(encoding="utf-8")] == []
