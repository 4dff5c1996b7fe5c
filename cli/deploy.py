"""`windowcast deploy`: a Prefect server made ready for the flows."""

import click

from cli.output import print_json
from cli.session import json_option, session
from domain.errors import UsageError


@click.command()
@click.option("--wait", is_flag=True, help="Wait for a server that is starting, for two minutes at most.")
@json_option
def deploy(*, wait: bool, as_json: bool) -> None:
    """Make pools, deployments, limits, automations and the form on the server of PREFECT_API_URL, or mend them."""
    from clients.prefect_server import has_server
    from deployments.deploy import deploy as deploy_all
    from deployments.deploy import wait_for_server

    if not has_server():
        raise UsageError(
            "There is no Prefect server to deploy to: set PREFECT_API_URL, or start one with `windowcast up`."
        )
    with session() as opened:
        if wait:
            wait_for_server()
        deployed = deploy_all(opened.connection, chosen=opened.settings)
    if as_json:
        print_json({"pools": deployed.pools, "deployments": deployed.deployments, "automations": deployed.automations})
        return
    click.echo(f"Pools: {', '.join(deployed.pools)}. Deployments: {', '.join(deployed.deployments)}.")
    for name in deployed.automations:
        click.echo(f"Automation {name}.")
