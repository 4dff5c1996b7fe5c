"""The door to where people are told things: notification blocks of Prefect, which keep the secret address."""

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from domain.errors import ConfigurationError, ServiceAwayError, UsageError

if TYPE_CHECKING:
    from prefect.blocks.notifications import AppriseNotificationBlock

# A place that hangs is given up: whoever waits here has other things to do.
_WITHIN_SECONDS: Final = 10.0

# What can be set up, and what its secret address looks like.
EXAMPLES: Final = {
    "slack": "https://hooks.slack.com/services/...",
    "teams": "https://....logic.azure.com/workflows/...",
    "email": "mailtos://user:password@smtp.example.com?to=team@example.com",
}


async def tell(place: str, *, subject: str, body: str) -> None:
    """Tell something in one place, within seconds.

    Raises ConfigurationError when the server has no such block and ServiceAwayError when it could not be told. Neither
    has a word of the address in it.
    """
    from prefect.blocks.core import Block

    _email_class()
    try:
        block: Any = await asyncio.wait_for(Block.aload(place), timeout=_WITHIN_SECONDS)
        with block.raise_on_failure():
            await asyncio.wait_for(block.anotify(body, subject), timeout=_WITHIN_SECONDS)
    except ValueError:
        raise ConfigurationError(
            f"The Prefect server has no notification block {place} (WINDOWCAST_NOTIFY_BLOCKS); `windowcast notify "
            "set-up` makes one."
        ) from None
    except Exception as error:  # noqa: BLE001  # whatever a place or its library comes up with
        # Its words, and its cause, may name the address: neither goes on from here.
        raise ServiceAwayError(
            f"{place} did not take it ({type(error).__name__}); see that its address is right and answers."
        ) from None


def save_block(kind: str, name: str, *, address: str) -> str:
    """Make the block of a place, or give it another address; return what the settings call it.

    Raises UsageError for an address that the place cannot have, without a word of it.
    """
    if not _is_understood(address):
        raise UsageError(f"That is no address for {kind}: it looks like {EXAMPLES[kind]}.")
    block_class = _class_of(kind)
    block_class.register_type_and_schema()
    block = block_class.model_validate({"url": address})
    block.save(name, overwrite=True)
    return f"{block_class.get_block_type_slug()}/{name}"


def _class_of(kind: str) -> "type[AppriseNotificationBlock]":
    from prefect.blocks import notifications

    classes: dict[str, type[AppriseNotificationBlock]] = {
        "slack": notifications.SlackWebhook,
        "teams": notifications.MicrosoftTeamsWebhook,
        "email": _email_class(),
    }
    return classes[kind]


@cache
def _email_class() -> "type[AppriseNotificationBlock]":
    """Make the class of e-mail blocks, by which they are loaded too: Prefect's own sends by one vendor alone."""
    from prefect.blocks.notifications import AppriseNotificationBlock

    class Email(AppriseNotificationBlock):
        """Sends e-mail through any SMTP server."""

        _block_type_name = "E-mail by SMTP"
        _block_type_slug = "smtp-email"

    return Email


def _is_understood(address: str) -> bool:
    import logging

    from apprise import Apprise

    # It would log what it does not understand, and that is a secret.
    logging.getLogger("apprise").setLevel(logging.CRITICAL)
    return bool(Apprise().add(address))
