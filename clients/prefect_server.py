"""The door to a Prefect server: runs that are made, found and cancelled. Prefect is imported when it is called."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, TypeAlias
from uuid import UUID

from domain.errors import CampaignError, ConfigurationError, ServiceAwayError, UsageError
from domain.server_run import STOPPED, ServerRun

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import FlowRun
    from prefect.client.schemas.responses import DeploymentResponse

# A client of the server. Its type alone does not import Prefect.
Server: TypeAlias = "SyncPrefectClient"

SEND: Final = "send-campaign/send-campaign"
SUBMIT: Final = "submit-campaign/submit-campaign"
# Ours: what happens to runs of other flows is not our business.
FLOWS: Final = (
    "submit-campaign",
    "send-campaign",
    "sweep-campaigns",
    "reconcile-receipts",
    "report-eligibility",
    "maintain-database",
)
# The tag of runs that another run of their campaign has made, to send beside it.
FURTHER: Final = "further-run"
# The queue they wait in: workers that take it alone, one run at a time, spread them over machines.
FURTHER_QUEUE: Final = "further"

_SENDING_FLOW: Final = SEND.partition("/")[0]
_UNAUTHORIZED: Final = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN)
# What a deployment answers to parameters that it does not know.
_OF_ANOTHER_VERSION: Final = (HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT, HTTPStatus.UNPROCESSABLE_ENTITY)
_PAGE: Final = 200
# Longer than the automation waits.
_HELD: Final = timedelta(minutes=2)
_MOST_WORDS: Final = 300


@dataclass(frozen=True)
class RunOrder:
    """A run to be made: of which deployment, what it is called, its parameters, its time (None: now), its key.

    It waits in the queue of its deployment unless `queue` names another one.
    A server makes one run for one key, and gives it back when it is asked again, even when it was cancelled.
    """

    deployment: str
    name: str
    parameters: dict[str, Any]
    key: str
    at: datetime | None = None
    tags: tuple[str, ...] = ()
    queue: str | None = None


@contextlib.contextmanager
def open_server() -> Iterator[Server]:
    """Open a client of the server that PREFECT_API_URL names.

    Raises, also for what happens inside the block, ServiceAwayError when the server does not answer and
    ConfigurationError when it wants a login or knows nothing of what was asked.
    """
    import httpx
    from prefect.client.orchestration import get_client
    from prefect.exceptions import PrefectHTTPStatusError

    try:
        with get_client(sync_client=True) as client:
            yield client
    except (httpx.TransportError, httpx.InvalidURL) as error:
        raise ServiceAwayError(
            f"The Prefect server {_address()} does not answer ({type(error).__name__}); nothing was lost: start it, or "
            "set PREFECT_API_URL to the right one, and run the same command again."
        ) from error
    except (PrefectHTTPStatusError, httpx.HTTPStatusError) as error:
        raise _refused(error.response.status_code) from error


def has_server() -> bool:
    """Return whether the environment names a Prefect server."""
    return bool(os.environ.get("PREFECT_API_URL"))


def check_server() -> None:
    """See that the server answers and lets us in; raises what `open_server` raises."""
    with open_server() as client:
        client.hello()


def require_pool(name: str, *, queues: Iterable[str] = ()) -> None:
    """Raise UsageError unless the server has this work pool with these queues, and what `open_server` raises."""
    from prefect.exceptions import ObjectNotFound

    if not has_server():
        raise UsageError("There is no Prefect server to work for: set PREFECT_API_URL, or use `windowcast up`.")
    with open_server() as client:
        try:
            client.read_work_pool(name)
        except ObjectNotFound:
            raise UsageError(
                f"The Prefect server has no work pool {name}; `windowcast deploy` makes windowcast and "
                "windowcast-upkeep."
            ) from None
        known = [queue.name for queue in client.read_work_queues(work_pool_name=name)]
        for queue in queues:
            if queue not in known:
                raise UsageError(f"The work pool {name} has no queue {queue}; it has {', '.join(sorted(known))}.")


def why_not_taken(client: Server, deployment: str) -> str | None:
    """Say why no worker would take a run of a deployment now, if so. Raises UsageError without the deployment."""
    from prefect.client.schemas.objects import WorkPoolStatus
    from prefect.exceptions import ObjectNotFound

    name = _deployment(client, deployment).work_pool_name
    try:
        pool = client.read_work_pool(name) if name is not None else None
    except ObjectNotFound:
        pool = None
    if pool is None:
        return "its work pool was deleted; `windowcast deploy` makes it again"
    if pool.is_paused:
        return f"the work pool {name} is paused; `prefect work-pool resume {name}` lets it go on"
    if pool.status is WorkPoolStatus.NOT_READY:
        return f"no worker of the work pool {name} runs; `windowcast worker --pool {name}` is one"
    return None


def read_secret(name: str) -> str | None:
    """Return what a Secret block holds; None without the block. Raises what `open_server` raises."""
    from prefect.exceptions import ObjectNotFound

    with open_server() as client:
        try:
            document = client.read_block_document_by_name(name, "secret", include_secrets=True)
        except ObjectNotFound:
            return None
    value = document.data.get("value")
    return None if value is None else str(value)


def pages_address() -> str | None:
    """Return the address of the server's pages, if it is known: PREFECT_UI_URL, or where the server serves them itself.

    Prefect Cloud's pages are elsewhere than its API, and so are known by PREFECT_UI_URL alone.
    """
    pages = os.environ.get("PREFECT_UI_URL")
    if pages:
        return pages.rstrip("/")
    shown = _address()
    return shown.removesuffix("/api") if shown.endswith("/api") else None


def make_run(client: Server, order: RunOrder) -> UUID | None:
    """Make a run and return its id; None when the key's run was made before and is over (cancelled, say).

    Raises UsageError without the deployment, or when it is one of an older Windowcast.
    """
    from prefect.exceptions import ObjectAlreadyExists, PrefectHTTPStatusError
    from prefect.states import Scheduled

    deployment = _deployment(client, order.deployment)
    try:
        run = client.create_flow_run_from_deployment(
            deployment.id,
            name=order.name,
            parameters=order.parameters,
            state=Scheduled(scheduled_time=order.at or datetime.now(UTC)),
            idempotency_key=order.key,
            tags=order.tags,
            work_queue_name=order.queue,
        )
    except (ObjectAlreadyExists, PrefectHTTPStatusError) as error:
        if isinstance(error, PrefectHTTPStatusError) and error.response.status_code not in _OF_ANOTHER_VERSION:
            raise
        raise UsageError(
            f"The deployment {order.deployment} refuses what this Windowcast asks of it, so it is another version's; "
            f"`windowcast deploy` brings it up to date. The server says: {_words_of(error)}"
        ) from error
    return None if run.state is not None and run.state.is_final() else run.id


def cancel_waiting(client: Server, run_ids: Iterable[UUID], *, why: str) -> int:
    """Cancel runs that have not begun; return how many. One that is gone or under way is left alone."""
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Cancelled

    cancelled = 0
    for run_id in run_ids:
        with contextlib.suppress(ObjectNotFound):
            state = client.read_flow_run(run_id).state
            if state is None or state.is_scheduled():
                client.set_flow_run_state(run_id, Cancelled(message=why))
                cancelled += 1
    return cancelled


def end_suspended(client: Server, run_id: UUID, *, why: str) -> bool:
    """Cancel a run that waits for a person's word; return whether it did. One that is gone is left alone."""
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Cancelled

    with contextlib.suppress(ObjectNotFound):
        state = client.read_flow_run(run_id).state
        if state is not None and state.is_paused():
            client.set_flow_run_state(run_id, Cancelled(message=why))
            return True
    return False


def list_live_runs(client: Server) -> list[ServerRun]:
    """Return the runs of `send-campaign` that wait or are under way, those inside a submit too."""
    from prefect.client.schemas.objects import StateType

    waiting = (StateType.SCHEDULED, StateType.PAUSED)
    under_way = (StateType.PENDING, StateType.RUNNING, StateType.CANCELLING)
    runs = _runs_of(client, _SENDING_FLOW, states=[*waiting, *under_way])
    return [
        ServerRun(
            run.id,
            campaign_id,
            at=run.state.state_details.scheduled_time or run.next_scheduled_start_time,
            is_under_way=run.state.type in under_way,
            is_further=FURTHER in run.tags,
        )
        for run in runs
        if run.state is not None and (campaign_id := _campaign_of(run)) is not None
    ]


def count_broken_off(client: Server, *, within: timedelta) -> dict[UUID, int]:
    """Return how many runs of each campaign have crashed or failed in the time behind us; others are left out.

    A run that was stopped as asked counts as none, though its campaign is named: that breaks nothing. Further runs are
    left out: all of a campaign's runs may end at one moment, when a new version is deployed, say.
    """
    from prefect.client.schemas.objects import StateType

    counts: dict[UUID, int] = {}
    ends = [StateType.CRASHED, StateType.FAILED]
    for run in _runs_of(client, _SENDING_FLOW, states=ends, since=datetime.now(UTC) - within):
        campaign_id = _campaign_of(run)
        if campaign_id is not None and FURTHER not in run.tags:
            was_stopped = run.state is not None and run.state.name == STOPPED
            counts[campaign_id] = counts.get(campaign_id, 0) + (not was_stopped)
    return counts


def drop_backlog(client: Server, *, deployment_id: UUID, run_id: UUID) -> int:
    """Cancel the other runs of a deployment that are due and wait: one run does the work of all. Returns how many."""
    from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterId, FlowRunFilter
    from prefect.client.schemas.objects import StateType

    now = datetime.now(UTC)
    due = client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
        flow_run_filter=FlowRunFilter.model_validate(
            {"state": {"type": {"any_": [StateType.SCHEDULED]}}, "next_scheduled_start_time": {"before_": now}}
        ),
        limit=_PAGE,
    )
    return cancel_waiting(
        client, (run.id for run in due if run.id != run_id), why=f"It was late, and the run {run_id} does its work."
    )


def take_anew(client: Server, *, held_for: timedelta = _HELD) -> int:
    """Let our runs wait for a worker again that one took so long ago and never began; return how many.

    An automation does it sooner (deployments/automations.py), but forgets what it has seen when it is changed. A held
    sweep keeps the others waiting, so what runs in another queue does this as well.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.exceptions import ObjectNotFound
    from prefect.states import Scheduled

    since = datetime.now(UTC) - held_for
    held = 0
    for taken in list(_runs_of(client, *FLOWS, states=[StateType.PENDING])):
        with contextlib.suppress(ObjectNotFound):
            # Looked at once more, since it may have begun while the others were handled.
            run = client.read_flow_run(taken.id)
            if run.deployment_id and run.state is not None and run.state.is_pending() and run.state.timestamp <= since:
                client.set_flow_run_state(run.id, Scheduled(message="Stuck before its start; to be taken anew."))
                held += 1
    return held


def list_waiting(client: Server, *, tag: str) -> list[UUID]:
    """Return the runs with a tag that have not begun."""
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.client.schemas.objects import StateType

    criteria = {"state": {"type": {"any_": [StateType.SCHEDULED]}}, "tags": {"all_": [tag]}}
    return [
        run.id for run in client.read_flow_runs(flow_run_filter=FlowRunFilter.model_validate(criteria), limit=_PAGE)
    ]


def set_form(client: Server, deployment: str, *, schema: dict[str, Any]) -> bool:
    """Show a deployment's parameters by another JSON schema; return whether it had a different one.

    Raises UsageError without the deployment.
    """
    from prefect.client.schemas.actions import DeploymentUpdate

    known = _deployment(client, deployment)
    if known.parameter_openapi_schema == schema:
        return False
    client.update_deployment(known.id, DeploymentUpdate(parameter_openapi_schema=schema))
    return True


def _deployment(client: Server, name: str) -> "DeploymentResponse":
    from prefect.exceptions import ObjectNotFound

    try:
        return client.read_deployment_by_name(name)
    except ObjectNotFound:
        raise UsageError(f"The Prefect server has no deployment {name}; `windowcast deploy` makes it.") from None


def _runs_of(client: Server, *flows: str, states: list[Any], since: datetime | None = None) -> Iterator["FlowRun"]:
    from prefect.client.schemas.filters import FlowFilter, FlowRunFilter
    from prefect.client.schemas.sorting import FlowRunSort

    criteria: dict[str, Any] = {"state": {"type": {"any_": states}}}
    if since is not None:
        criteria["end_time"] = {"after_": since}
    offset = 0
    while page := client.read_flow_runs(
        flow_filter=FlowFilter.model_validate({"name": {"any_": list(flows)}}),
        flow_run_filter=FlowRunFilter.model_validate(criteria),
        sort=FlowRunSort.ID_DESC,
        limit=_PAGE,
        offset=offset,
    ):
        yield from page
        offset += len(page)


def _campaign_of(run: "FlowRun") -> UUID | None:
    """Return the campaign that a run was asked to send; None where a person has typed something else."""
    try:
        return UUID(str(run.parameters.get("campaign_id")))
    except ValueError:
        return None


def _words_of(error: Exception) -> str:
    """Return why the server refused a run: a send's parameters are ids and numbers, so nothing personal is in it."""
    response = getattr(error, "response", None) or getattr(error.__cause__, "response", None)
    if response is None:
        return str(error)
    with contextlib.suppress(ValueError, LookupError, TypeError):
        return f"HTTP {response.status_code}, {str(response.json()['detail'])[:_MOST_WORDS]}"
    return f"HTTP {response.status_code}"


def _refused(status: int) -> CampaignError:
    if status in _UNAUTHORIZED:
        return ConfigurationError(
            f"The Prefect server {_address()} wants a login: set PREFECT_API_AUTH_STRING to its user:password."
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return ServiceAwayError(
            f"The Prefect server {_address()} could not do what it was asked (HTTP {status}); nothing was lost: run "
            "the same command again, and see its log if that does not help."
        )
    return ConfigurationError(
        f"The Prefect server {_address()} refuses what it was asked (HTTP {status}); is it a Prefect server of version "
        "3.9? `windowcast deploy` brings its deployments up to date."
    )


def _address() -> str:
    """Return the server's address as it may be shown: without a user and a password."""
    kind, mark, rest = os.environ.get("PREFECT_API_URL", "").partition("://")
    return f"{kind}{mark}{rest.rpartition('@')[2]}"
