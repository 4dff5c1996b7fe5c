"""What a run knows of itself: whether a Prefect server's worker started it, and where people find it."""

from uuid import UUID

from prefect.context import FlowRunContext

from clients.prefect_server import pages_address
from domain.run_names import run_address


def own_run_id() -> UUID | None:
    """Return the id of this run if a worker has started it: nobody waits for its answer, as a command does."""
    context = FlowRunContext.get()
    if context is None or context.flow_run is None or context.flow_run.deployment_id is None:
        return None
    return context.flow_run.id


def own_address() -> str | None:
    """Return the page of this run, where the address of the server's pages is known."""
    run_id = own_run_id()
    return None if run_id is None else run_address(pages_address(), run_id)
