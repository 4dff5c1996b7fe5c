"""What the server does by itself about runs that are dead and do not look it; each rule concerns our flows alone."""

from datetime import timedelta
from typing import TYPE_CHECKING, Final
from uuid import UUID

from domain.server_run import STOPPED

if TYPE_CHECKING:
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import ChangeFlowRunState
    from prefect.events.schemas.automations import AutomationCore, EventTrigger

# Flow runs beat every 30 seconds (deployments/prefect.yaml, cli/worker.py), so this is two beats and a half:
# with the sweep that follows, a dead run is noticed within two minutes.
_SILENT: Final = timedelta(seconds=75)
# A worker takes a run up to ten seconds early, and its process starts within a few.
_STUCK: Final = timedelta(seconds=75)

_OVER: Final = frozenset({"Completed", "Failed", STOPPED, "Cancelled", "Crashed"})
_BEATS: Final = frozenset({"heartbeat", "Paused", "Suspended", "Scheduled", "AwaitingRetry"}) | _OVER
# A run that a worker has taken is called by the step it has come to; a limited queue waits for it in each of them.
_TAKEN: Final = {"Pending", "Submitting", "Submitted", "InfrastructurePending"}
# A beat tells as well that a run has started, should the event of its start be lost.
_LEAVES_PENDING: Final = (
    frozenset({"heartbeat", "Running", "Scheduled", "Late", "AwaitingRetry", "Cancelling", "Paused"}) | _OVER
)


def set_automations(client: "SyncPrefectClient", *, flows: list[str], sweep_id: UUID) -> list[str]:
    """Make the automations, or bring them up to date; return their names.

    `flows` are the names of our flows; `sweep_id` is the deployment that looks after their campaigns.
    """
    wanted = automations(flows, sweep_id=sweep_id)
    for automation in wanted:
        known = client.read_automations_by_name(automation.name)
        for double in known[1:]:
            client.delete_automation(double.id)
        if not known:
            client.create_automation(automation)
        elif not _is_same(known[0], automation):
            client.update_automation(known[0].id, automation)
    return [automation.name for automation in wanted]


def _is_same(known: "AutomationCore", wanted: "AutomationCore") -> bool:
    """Say whether a server has an automation just so: one that is written anew forgets the runs it has an eye on."""
    fields = ("enabled", "description", "trigger", "actions")
    return all(getattr(known, field) == getattr(wanted, field) for field in fields)


def automations(flows: list[str], *, sweep_id: UUID) -> list["AutomationCore"]:
    """Return the automations: a silent run crashed, a stuck one is taken anew, a broken off send is looked after.

    A server on SQLite that is not ours (deployments/prefect_server.py) loses an event now and then.
    When it is that of a crash, the silence that follows calls the sweep, as does the crash itself otherwise.
    """
    from prefect.client.schemas.objects import StateType
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, Posture

    run_sweep = RunDeployment(source="selected", deployment_id=sweep_id, parameters=None, job_variables=None)
    silent = _trigger(flows, posture=Posture.Proactive, after={"heartbeat"}, expect=_BEATS, within=_SILENT)
    stuck = _trigger(flows, posture=Posture.Proactive, after=_TAKEN, expect=_LEAVES_PENDING, within=_STUCK)
    sending = [flow for flow in flows if flow in {"send-campaign", "submit-campaign"}]
    crashed = _trigger(sending, posture=Posture.Reactive, after=set(), expect={"Crashed", STOPPED}, within=timedelta(0))
    return [
        AutomationCore(
            name="windowcast: a silent run has crashed",
            description="Its machine is gone or its process hangs: without this it would be Running for ever.",
            trigger=silent,
            actions=[_set(StateType.CRASHED, f"No heartbeat for {_SILENT.seconds} seconds."), run_sweep],
        ),
        AutomationCore(
            name="windowcast: a run that is stuck before its start is taken anew",
            description="Its worker died between taking and starting it: without this it would be Pending for ever.",
            trigger=stuck,
            actions=[_set(StateType.SCHEDULED, "Stuck before its start; to be taken anew.")],
        ),
        AutomationCore(
            name="windowcast: a crashed send is looked after at once",
            description="So is one that was stopped. The sweep lets its campaign go on; what was under way is not sent "
            "again by itself.",
            trigger=crashed,
            actions=[run_sweep],
        ),
    ]


def _set(state: "StateType", why: str) -> "ChangeFlowRunState":
    from prefect.events.actions import ChangeFlowRunState

    return ChangeFlowRunState(state=state, name=state.value.capitalize(), message=why, force=False)


def _trigger(
    flows: list[str],
    *,
    posture: "object",
    after: set[str],
    expect: "frozenset[str] | set[str]",
    within: timedelta,
) -> "EventTrigger":
    from prefect.events.schemas.automations import EventTrigger

    return EventTrigger.model_validate(
        {
            "posture": posture,
            "match": {"prefect.resource.id": ["prefect.flow-run.*"]},
            "match_related": {"prefect.resource.role": "flow", "prefect.resource.name": flows},
            "for_each": ["prefect.resource.id"],
            "after": [f"prefect.flow-run.{event}" for event in sorted(after)],
            "expect": [f"prefect.flow-run.{event}" for event in sorted(expect)],
            "threshold": 1,
            "within": within,
        }
    )
