"""The settings: the one place that reads the environment. Secrets have no defaults."""

from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import platformdirs
from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from domain.errors import ConfigurationError


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
