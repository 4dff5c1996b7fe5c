"""`windowcast sandbox`: a Messenger Platform on this machine."""

import click


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": []})
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def sandbox(arguments: tuple[str, ...]) -> int:
    """Run a Messenger Platform on this machine, for trials."""
    import asyncio

    from sandbox.__main__ import read_settings
    from sandbox.errors import ControlError
    from sandbox.server import serve

    try:
        asyncio.run(serve(read_settings(list(arguments)), announce=click.echo))
    except ControlError as error:
        raise click.UsageError(str(error)) from None
    return 0
