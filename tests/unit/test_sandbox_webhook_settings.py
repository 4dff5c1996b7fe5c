"""Where webhooks may go, and which settings of them make sense."""

import pytest

from sandbox.errors import ControlError
from sandbox.fields import with_changes
from sandbox.loopback import loopback_url
from sandbox.webhook_queue import WebhookSettings


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:80/a", "http://[::1]/", "http://localhost:9/x", "https://127.8.9.1/"]
)
def test_webhooks_may_go_to_this_machine(url):
    assert loopback_url(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/",
        "http://10.0.0.1/",
        "http://127.0.0.1.example.com/",
        "ftp://127.0.0.1/",
        "http://0.0.0.0/",
        "",
    ],
)
def test_webhooks_never_leave_this_machine(url):
    with pytest.raises(ControlError):
        loopback_url(url)


def test_settings_keep_their_types_and_true_means_each_body():
    settings = with_changes(WebhookSettings(), {"duplicate": True, "late_seconds": 1, "retry_pauses": [0, 0.5]})

    assert (settings.duplicate, settings.late_seconds, settings.retry_pauses) == (1, 1.0, (0, 0.5))


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": 1},
        {"hold": 1},
        {"drop": "often"},
        {"batch_size": -1},
        {"batch_size": 1001},
        {"retry_pauses": ["soon"]},
        {"url": "http://example.com/"},
        {"url": 5},
    ],
)
def test_unknown_settings_and_wrong_types_are_refused(changes):
    with pytest.raises(ControlError):
        with_changes(WebhookSettings(), changes)
