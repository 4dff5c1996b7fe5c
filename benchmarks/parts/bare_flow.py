"""A flow that does nothing, in as many tasks as a submit has before its first POST: what Prefect itself takes."""

from prefect import flow, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE

# A look for an earlier try, the list, which run it is, its problems, and the admission; the validation is an artifact.
TASKS_BEFORE = 5
LAST = "the first message"


@flow(name="bare")
async def bare() -> None:
    """Do what `submit-campaign` asks of Prefect until its first message, and nothing else."""
    for number in range(TASKS_BEFORE):
        await nothing.with_options(task_run_name=f"nothing {number}")()
    await show()
    await bare_send()


@flow(name="bare-send")
async def bare_send() -> None:
    """Do what `send-campaign` asks of Prefect until its first message."""
    await nothing()
    await nothing.with_options(task_run_name=LAST)()


@task(cache_policy=NO_CACHE)
async def nothing() -> None:
    """Do nothing."""


@task(cache_policy=NO_CACHE)
async def show() -> None:
    """Show nothing, as an artifact."""
    await acreate_markdown_artifact(key="bare", markdown="Nothing.")
