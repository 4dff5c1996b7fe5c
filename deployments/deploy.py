"""Making a Prefect server ready for the flows, again at any time: pools, deployments, limits, automations, the form."""

import contextlib
import io
import os
import sys
import time
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import yaml

from clients.postgres import Connection
from clients.prefect_server import FURTHER_QUEUE, check_server, open_server, take_anew
from clients.settings import Settings
from deployments.automations import set_automations
from domain.errors import CampaignError, ServiceAwayError
from tasks.submit_form import refresh_form

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient

ROOT: Final = Path(__file__).resolve().parents[1]
SENDING_POOL: Final = "windowcast"
UPKEEP_POOL: Final = "windowcast-upkeep"

_FILE: Final = "deployments/prefect.yaml"
_PROCESS: Final = "process"
_POOLS: Final = {
    SENDING_POOL: "Submits and sends.",
    UPKEEP_POOL: "Looks after campaigns; it has workers of its own, so that it never crowds out a send.",
}
# By itself a worker starts two programs for a run, one after the other, and each imports Prefect. A worker whose
# environment has a command starts that alone, in half the time (decision 21); one without goes Prefect's own way.
RUN_COMMAND: Final = "WINDOWCAST_RUN_COMMAND"
_PREFECTS_COMMAND: Final = "{{ command }}"
_STARTS_WITHIN_SECONDS: Final = 120.0
_LOOK_EVERY_SECONDS: Final = 0.2
# Of Prefect, what is imported below where it is called, and where it calls itself.
_IMPORTED_LATE: Final = ("prefect.cli.deploy", "prefect.workers.process", "prefect.events.actions")


@dataclass(frozen=True)
class Deployed:
    """What a server has now."""

    pools: list[str]
    deployments: list[str]
    automations: list[str]


def listed_deployments() -> list[dict[str, Any]]:
    """Return the deployments as deployments/prefect.yaml lists them."""
    listed: list[dict[str, Any]] = yaml.safe_load((ROOT / _FILE).read_text(encoding="utf-8"))["deployments"]
    return listed


def deploy(connection: Connection, *, chosen: Settings) -> Deployed:
    """Make all that the flows need on the server that PREFECT_API_URL names, or bring it up to date.

    Raises ServiceAwayError without a server, ConfigurationError when it wants a login, and CampaignError with the words
    of Prefect when it takes no deployment.
    """
    listed = listed_deployments()
    with open_server() as client:
        for name, description in _POOLS.items():
            ensure_pool(client, name, description=description)
        _ensure_queue(client, FURTHER_QUEUE, pool=SENDING_POOL)
    _deploy_flows(time_zone=chosen.time_zone or "UTC", folder=chosen.workers_folder or str(ROOT))
    with open_server() as client:
        for entry in listed:
            _limit_queue(client, entry["work_pool"])
        sweep = client.read_deployment_by_name("sweep-campaigns/sweep-campaigns")
        names = [entry["name"] for entry in listed]
        automations = set_automations(client, flows=names, sweep_id=sweep.id)
        take_anew(client)
        # What was stopped for the sake of a new version goes on now, not with the next sweep of the schedule.
        client.create_flow_run_from_deployment(sweep.id, name="sweep after deploying")
    refresh_form(connection, chosen=chosen)
    return Deployed(list(_POOLS), names, automations)


def wait_for_server() -> None:
    """Wait until a server that is starting answers, and import meanwhile all that deploying needs.

    Raises what `open_server` raises when it does not answer within two minutes.
    """
    deadline = time.monotonic() + _STARTS_WITHIN_SECONDS
    for entry in listed_deployments():
        import_module(entry["entrypoint"].partition(":")[0].removesuffix(".py").replace("/", "."))
    for module in _IMPORTED_LATE:
        import_module(module)
    while True:
        try:
            return check_server()
        except ServiceAwayError:
            if time.monotonic() > deadline:
                raise
            time.sleep(_LOOK_EVERY_SECONDS)


def ensure_pool(client: "SyncPrefectClient", name: str, *, description: str) -> None:
    """Make a pool of processes, or mend one; a pool of that name of another type, as of containers, is a team's own."""
    from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
    from prefect.exceptions import ObjectAlreadyExists
    from prefect.workers.process import ProcessWorker

    template = _with_run_command(ProcessWorker.get_default_base_job_template())
    pool = WorkPoolCreate(name=name, type=_PROCESS, description=description, base_job_template=template)
    try:
        client.create_work_pool(pool)
    except ObjectAlreadyExists:
        known = client.read_work_pool(name)
        mended = _with_run_command(known.base_job_template)
        if known.type == _PROCESS and mended != known.base_job_template:
            client.update_work_pool(name, WorkPoolUpdate(base_job_template=mended))


def _with_run_command(template: dict[str, Any]) -> dict[str, Any]:
    """Return a pool's template whose runs are started by the worker's own command; one that somebody has set stays."""
    job = template.get("job_configuration", {})
    if job.get("command") != _PREFECTS_COMMAND:
        return template
    # A name with a dollar is looked up in the worker's environment; a server takes no name that is not listed.
    name = f"${RUN_COMMAND}"
    listed = template["variables"]["properties"]
    others = {key: value for key, value in listed.items() if key != "command"}
    ours = {"type": "string", "title": name, "description": "Taken from the worker's environment, not from here."}
    return {
        **template,
        "job_configuration": {**job, "command": f"{{{{ {name} }}}}"},
        "variables": {**template["variables"], "properties": {**others, name: ours}},
    }


def _ensure_queue(client: "SyncPrefectClient", name: str, *, pool: str) -> None:
    """Make a queue of a pool unless there is one, so that workers may take it alone before its first run."""
    from prefect.exceptions import ObjectAlreadyExists

    with contextlib.suppress(ObjectAlreadyExists):
        client.create_work_queue(name=name, work_pool_name=pool)


def _deploy_flows(*, time_zone: str, folder: str) -> None:
    """Deploy everything in prefect.yaml together by Prefect's own command; workers find the flows in `folder`.

    In this process: one of its own would import Prefect and the flows a second time.
    """
    from prefect.cli import app

    os.environ.update(WINDOWCAST_TIME_ZONE=time_zone, WINDOWCAST_WORKERS_FOLDER=folder)
    sys.argv = ["prefect", "--no-prompt", "deploy", "--prefect-file", _FILE, "--all"]
    printed, errors = io.StringIO(), io.StringIO()
    code: str | int | None = 0
    with contextlib.chdir(ROOT), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(errors):
        try:
            app()
        except SystemExit as end:
            code = end.code
    if code:
        last = (printed.getvalue() + errors.getvalue()).strip().splitlines()[-1:] or ["it printed nothing"]
        raise CampaignError(f"Prefect refuses the deployments ({last[0].strip()}); fix that and deploy again.")


def _limit_queue(client: "SyncPrefectClient", work_pool: dict[str, Any]) -> None:
    """Let a queue of the upkeep take one run at a time: a limit that counts runs, which a dead run cannot leak."""
    name = work_pool.get("work_queue_name")
    if name is not None:
        queue = client.read_work_queue_by_name(name, work_pool_name=work_pool["name"])
        client.update_work_queue(queue.id, concurrency_limit=1)
