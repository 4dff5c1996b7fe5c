"""`windowcast messages`: one line per row of the sheet, and what became of it."""

from pathlib import Path
from typing import Any

import click

from cli.output import print_json, print_json_list, print_table, utc
from cli.session import campaign_id, json_option, session
from domain.reasons import Reason, explain
from domain.states import MessageState

_MOST_SHOWN = 200


@click.command()
@click.argument("campaign")
@click.option("--state", type=click.Choice([state.value for state in MessageState]))
@click.option("--reason", type=click.Choice([reason.value for reason in Reason]), metavar="REASON")
@click.option(
    "--export", "export", type=click.Path(path_type=Path), help="Write them to an .xlsx, .csv or .parquet file."
)
@json_option
def messages(campaign: str, *, state: str | None, reason: str | None, export: Path | None, as_json: bool) -> None:
    """Show or export the message list of a campaign."""
    from tasks.messages import export_messages, list_messages

    chosen_state = MessageState(state) if state else None
    chosen_reason = Reason(reason) if reason else None
    with session() as opened:
        found = campaign_id(campaign)
        if export is not None:
            count = export_messages(opened.connection, found, path=export, state=chosen_state, reason=chosen_reason)
            if as_json:
                print_json({"file": str(export), "rows": count})
            else:
                click.echo(f"{count} rows are in {export}.")
            return
        rows = list_messages(opened.connection, found, state=chosen_state, reason=chosen_reason)
        if as_json:
            print_json_list(message_json(row) for row in rows)
        else:
            _show(rows)


def message_json(row: dict[str, Any]) -> dict[str, Any]:
    """Return a message for machines; `user_id` is the id as it was typed."""
    return {
        "message_id": str(row["message_id"]),
        "row_number": row["row_number"],
        "user_id": row["typed_user_id"],
        "state": row["state"],
        "reason": row["reason"],
        "window_closes_at": utc(row["closes_at"]),
        "sent_at": utc(row["sent_at"]),
        "platform_sent_at": utc(row["platform_sent_at"]),
        "delivered_at": utc(row["delivered_at"]),
        "read_at": utc(row["read_at"]),
        "provider_message_id": row["provider_message_id"],
        "provider_code": row["provider_code"],
        "provider_subcode": row["provider_subcode"],
        "provider_text": row["provider_text"],
    }


def _show(rows: Any) -> None:
    shown: list[tuple[object, ...]] = []
    count = 0
    for row in rows:
        count += 1
        if count <= _MOST_SHOWN:
            why = explain(Reason(row["reason"]), closes_at=row["closes_at"]) if row["reason"] else ""
            shown.append((row["row_number"], row["typed_user_id"], row["state"], row["sent_at"], why))
    print_table(("row", "user_id", "state", "sent", "why"), shown, empty="No messages like that.")
    if count > _MOST_SHOWN:
        click.echo(f"… and {count - _MOST_SHOWN} more; --export FILE.xlsx writes all of them.")
