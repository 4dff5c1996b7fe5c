"""What can go wrong with the world, each with its exit code. Bad rows are problems, not errors."""

from typing import ClassVar


class CampaignError(Exception):
    """Something outside the program keeps it from going on; the message is the sentence a person reads."""

    code: ClassVar[str] = "campaign_error"
    exit_code: ClassVar[int] = 1


class UsageError(CampaignError):
    """The words of a command do not fit together, or name something that does not exist."""

    code = "usage"
    exit_code = 2


class NotFoundError(UsageError):
    """There is no campaign, account, template, message or file of that name."""

    code = "not_found"


class ConfigurationError(UsageError):
    """A setting is missing or cannot be right. Never retried."""

    code = "configuration"


class InputRefusedError(CampaignError):
    """The input was refused, wholly or in part; nothing half-done remains."""

    code = "input_refused"
    exit_code = 3


class AlreadySubmittedError(InputRefusedError):
    """The same list was submitted for the same account, template and time a short while ago."""

    code = "already_submitted"


class OldInteractionsError(InputRefusedError):
    """The newest interaction of the account is so old that nobody should be judged by it."""

    code = "old_interactions"


class NobodyEligibleError(CampaignError):
    """Nobody on the list has an open window at the time of sending."""

    code = "nobody_eligible"
    exit_code = 4


class ServiceAwayError(CampaignError):
    """A service that is needed does not answer; the same command may be run again once it is back."""

    code = "service_away"
    exit_code = 5


class InboxFullError(ServiceAwayError):
    """More waits to be stored than may wait; whoever sent it sends it again."""

    code = "inbox_full"


class UnfinishedError(CampaignError):
    """The campaign is paused, or not all of it could be sent now."""

    code = "unfinished"
    exit_code = 6


class StoppedError(UnfinishedError):
    """Somebody asked the process to stop; what it had begun is finished, and the rest is left for others."""
