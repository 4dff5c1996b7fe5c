"""A night's report as the command and the flow make it: by the installation's settings, its mapped table read first."""

from dataclasses import replace

from clients.postgres import Connection
from clients.settings import Settings
from domain.eligibility import EligibilityReport
from tasks.eligibility_report import report_night
from tasks.mapped_interactions import read_all
from tasks.windows import guards_of, timing_of


def measure_night(
    connection: Connection, chosen: Settings, *, account: str | None, segment: str | None = None
) -> EligibilityReport:
    """Measure a night as `report_night` does. Raises also ConfigurationError for a mapped table that cannot be used."""
    read_all(connection, chosen)
    report = report_night(
        connection,
        account=account,
        zone=chosen.time_zone,
        timing=timing_of(chosen),
        guards=guards_of(chosen),
        segment=segment,
    )
    return replace(report, is_mapped=chosen.interactions_table is not None)
