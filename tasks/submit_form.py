"""The form of `submit-campaign` on a Prefect server, kept like the database and the inbox folder."""

from pathlib import Path
from typing import Final

from clients.postgres import Connection
from clients.prefect_server import SUBMIT, open_server, set_form
from clients.settings import Settings
from domain.errors import NotFoundError
from domain.submit_form import Choices, form_schema
from domain.template_label import TemplateLabel
from sql import query
from tasks.accounts import list_accounts

_KINDS: Final = (".xlsx", ".csv")
_MOST_FILES: Final = 100
_MOST_TEMPLATES: Final = 500


def refresh_form(connection: Connection, *, chosen: Settings) -> bool:
    """Give the server's form the accounts, templates and files that there are; return whether it had to change.

    Raises what `open_server` raises.
    """
    schema = form_schema(gather_choices(connection, inbox=chosen.inbox_folder))
    with open_server() as client:
        return set_form(client, SUBMIT, schema=schema)


def gather_choices(connection: Connection, *, inbox: Path) -> Choices:
    """Return what the form's lists hold: accounts by name, template versions by code, newest first, newest files."""
    rows = connection.execute(query("templates/list_versions"), {"most": _MOST_TEMPLATES})
    return Choices(
        accounts=sorted(account.name for account in list_accounts(connection)),
        templates=[str(TemplateLabel(row["code"], row["language"], row["version"])) for row in rows],
        files=_newest_files(inbox),
    )


def inbox_file(name: str, *, inbox: Path) -> Path:
    """Return the path of a file in the inbox folder. Raises NotFoundError without it, or for a name that leads out."""
    path = inbox / name
    if Path(name).name != name or not path.is_file():
        raise NotFoundError(f"There is no file {name} in the inbox folder {inbox}; put it there, or name another one.")
    return path


def _newest_files(inbox: Path) -> list[str]:
    """Return the names of the workbooks in the inbox, newest first; what Excel keeps beside an open one is left out."""
    if not inbox.is_dir():
        return []
    found = [path for path in inbox.iterdir() if path.suffix.lower() in _KINDS and not path.name.startswith(("~", "."))]
    dated = [(path.stat().st_mtime, path.name) for path in found if path.is_file()]
    return [name for _, name in sorted(dated, reverse=True)[:_MOST_FILES]]
