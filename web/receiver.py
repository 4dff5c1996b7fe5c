"""The receiver: what its routes share while it runs."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from clients.settings import Settings
from domain.errors import ConfigurationError
from tasks.inbox import Inbox, InboxLimits, InboxWatch
from web.body import BodyLimits
from web.follower import Follower
from web.meters import Meters


@dataclass(frozen=True)
class Keys:
    """The secrets that webhooks are signed with, and the token that a subscription shows; no repr shows them."""

    app_secrets: tuple[bytes, ...]
    verify_token: bytes

    def __repr__(self) -> str:
        return f"Keys({len(self.app_secrets)} app secrets)"


def read_keys(settings: Settings) -> Keys:
    """Return the keys that are set. Raises ConfigurationError naming the setting that is missing."""
    listed = settings.meta_app_secrets.get_secret_value().split(",") if settings.meta_app_secrets else []
    app_secrets = tuple(secret.strip().encode() for secret in listed if secret.strip())
    if not app_secrets:
        raise ConfigurationError(
            "WINDOWCAST_META_APP_SECRETS is not set, and without it no webhook can be trusted; set it to the secret "
            "of your Meta app (several with commas between them)."
        )
    token = settings.meta_verify_token.get_secret_value().strip() if settings.meta_verify_token else ""
    if not token:
        raise ConfigurationError(
            "WINDOWCAST_META_VERIFY_TOKEN is not set; set it to the verify token that you give in the app's dashboard."
        )
    return Keys(app_secrets, token.encode())


class Receiver:
    """The inbox, the watch over it, the counters, and the child that applies what was stored, if there is one.

    `public_url` is where people reach the receiver, `privacy_contact` where they ask about their data.
    """

    def __init__(
        self,
        url: str,
        *,
        keys: Keys,
        body_limits: BodyLimits,
        inbox_limits: InboxLimits | None = None,
        follower: Follower | None = None,
        public_url: str | None = None,
        privacy_contact: str | None = None,
    ) -> None:
        self.url = url
        self.public_url = public_url
        self.privacy_contact = privacy_contact
        self.keys = keys
        self.body_limits = body_limits
        self.follower = follower
        self.meters = Meters()
        self.inbox = Inbox(url, limits=inbox_limits, on_written=self.meters.write)
        self.watch = InboxWatch(url)
        self.meters.show(self.inbox, self.watch, follower)

    @property
    def has_database(self) -> bool:
        """Say whether the database answers."""
        return self.watch.is_answered and not self.inbox.is_away

    @property
    def is_ready(self) -> bool:
        """Say whether a body that came now would be stored."""
        return self.has_database and self.inbox.has_room

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Watch the inbox and keep the child running; at the end store what waits, and end both."""
        await self.watch.look()
        beside = [asyncio.create_task(self.watch.run())]
        if self.follower is not None:
            beside.append(asyncio.create_task(self.follower.run()))
        try:
            yield
        finally:
            await self.inbox.close()
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
