"""The settings: the one place that reads the environment. Secrets have no defaults."""

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import ConfigurationError
from domain.server_run import MOST_SHARES


class Settings(BaseSettings):
    """What may be set, each field as `WINDOWCAST_` and its name in upper case; `sample.env` lists them."""

    model_config = SettingsConfigDict(env_prefix="WINDOWCAST_", env_ignore_empty=True)

    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("windowcast"),
        description="Folder of the embedded Postgres, of uploads under way and of Prefect's own files.",
    )
    database_url: SecretStr | None = Field(
        default=None, description="Postgres 15 or newer; without it an embedded server is used."
    )
    graph_url: str = Field(
        default="https://graph.facebook.com", description="Scheme, host and port of Meta's Graph API."
    )
    graph_version: str = Field(default="v25.0", pattern=r"^v[0-9]+\.[0-9]+$", description="Version of the Graph API.")
    time_zone: str | None = Field(
        default=None, description="IANA name of the zone in which times without an offset are meant."
    )
    safety_margin_seconds: float = Field(
        default=30, ge=0, le=3600, description="How long before its end a window counts as closed."
    )
    read_timeout_seconds: float = Field(
        default=20, gt=0, le=120, description="How long one POST may take; a short one makes unknowns."
    )
    in_flight: int = Field(
        default=200, ge=1, le=1000, description="Messages of one process that may be under way at once."
    )
    error_share_limit: float = Field(
        default=0.25,
        ge=0,
        le=1,
        description="A campaign of whose last messages a larger share failed or is unclear is paused; 0 never.",
    )
    database_patience_seconds: float = Field(
        default=60, ge=0, description="How long a running send waits for Postgres to come back."
    )
    latest_start_minutes: float = Field(
        default=60, ge=1, description="A timed campaign that starts later than this after its time is paused instead."
    )
    interactions_warn_hours: float = Field(
        default=6, gt=0, description="Somebody is told when an account's newest interaction is older than this."
    )
    interactions_refuse_hours: float | None = Field(
        default=None, gt=0, description="Nobody is judged when an account's newest interaction is older than this."
    )
    interactions_table: str | None = Field(
        default=None, description="A table or view of your own that tells what people did, as schema.table."
    )
    interactions_columns: str | None = Field(
        default=None, description="What its columns are called: account=page_id,user_id=psid,kind=type,occurred_at=at."
    )
    interactions_kinds: str | None = Field(
        default=None, description="What its kinds mean where they are not called as ours: text=message,like=reaction."
    )
    interactions_kind: str | None = Field(
        default=None, description="What a kind means that is none of these; without it, it opens no window."
    )
    overlap_hours: float = Field(
        default=24, gt=0, description="A plan counts who got another campaign message within this time."
    )
    meta_app_secrets: SecretStr | None = Field(
        default=None, description="The app's secrets that sign webhooks, with commas between them."
    )
    meta_verify_token: SecretStr | None = Field(
        default=None, description="What the app's dashboard was told to show when it subscribes the receiver."
    )
    webhook_body_bytes: int = Field(
        default=8_388_608, ge=1024, le=1 << 28, description="A longer webhook body is refused."
    )
    webhook_connections: int = Field(
        default=512, ge=1, le=50_000, description="Connections that one receiver serves at once."
    )
    no_receipt_days: float = Field(
        default=3, gt=0, le=365, description="A message without any receipt after so many days is told to have none."
    )

    keep_uploads_days: int = Field(default=30, ge=1, description="How long the bytes of a submitted file are kept.")
    keep_webhooks_days: int = Field(
        default=30, ge=2, description="How long a webhook body is kept after it was applied."
    )
    keep_strange_webhooks_days: int = Field(
        default=90, ge=2, description="The same for a body of which something was not understood."
    )
    keep_texts_days: int = Field(
        default=90, ge=1, description="How long the values of the rows are kept after their campaign is over."
    )
    keep_interactions_days: int = Field(
        default=90, ge=2, description="How long interactions are kept after they happened."
    )
    keep_receipts_days: int = Field(
        default=30, ge=2, description="How long what the platform told of messages is kept beside their states."
    )
    keep_states_days: int = Field(
        default=730, ge=30, description="How long campaigns and what became of each message are kept after their end."
    )
    keep_nights_days: int = Field(
        default=730, ge=35, description="How long the nightly reports of who can be reached are kept, and their files."
    )
    erasure_key: SecretStr | None = Field(
        default=None, min_length=16, description="Key of the hashes that stand for people whose data was erased."
    )
    public_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/?#]+$",
        description="Scheme, host and port under which people and the platform reach the webhook receiver.",
    )
    privacy_contact: str | None = Field(
        default=None, max_length=200, description="Where people ask about their data: an address they can read."
    )

    approval_above: int | None = Field(
        default=None, ge=0, description="A campaign with more recipients than this waits for a second person."
    )
    approval_by_submitter: bool = Field(
        default=False, description="Whether who has submitted a campaign may approve it too."
    )
    notify_blocks: str | None = Field(
        default=None,
        description="Notification blocks of the Prefect server, as slack-webhook/ops, with commas between.",
    )

    inbox: Path | None = Field(
        default=None, description="Folder of the files that the submit form offers; `inbox` under the home if not set."
    )
    prefect_database_url: SecretStr | None = Field(
        default=None, description="Postgres database of its own for the Prefect server of `up`; SQLite if not set."
    )
    shares: int = Field(
        default=1, ge=1, le=MOST_SHARES, description="How many runs of a Prefect server send one campaign at once."
    )
    workers_folder: str | None = Field(
        default=None, description="Where workers find Windowcast, if not in the folder from which it is deployed."
    )

    @property
    def inbox_folder(self) -> Path:
        """The folder of the files that the submit form offers."""
        return (self.inbox or self.home / "inbox").expanduser()

    @field_validator("time_zone")
    @classmethod
    def _zone_exists(cls, value: str | None) -> str | None:
        if value is not None:
            try:
                ZoneInfo(value)
            except (ZoneInfoNotFoundError, ValueError) as error:
                raise ValueError(f"{value} is no time zone; use an IANA name such as Europe/Berlin") from error
        return value


@cache
def settings() -> Settings:
    """Read the settings from the environment, once per process.

    Raises ConfigurationError naming the setting that cannot be right.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = "WINDOWCAST_" + "_".join(str(part) for part in first["loc"]).upper()
        raise ConfigurationError(f"The setting {name} cannot be right: {first['msg']}.") from error
