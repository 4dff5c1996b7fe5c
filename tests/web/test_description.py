"""What schemathesis makes up from the app's own description is answered as the description says.

It takes a second to import, so only these tests do.
"""

import pytest
from hypothesis import HealthCheck, given, settings
from posting import PATH, TOKEN, signed
from receiving import make_receiver

from web.app import create_app
from web.data_deletion import PATH as DELETION_PATH

made_up = settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), database=None)


@pytest.fixture
def described(inbox):
    import schemathesis

    app = create_app(make_receiver(inbox))
    schema = schemathesis.openapi.from_dict(app.openapi())
    schema.app = app
    return schema


@pytest.mark.parametrize(
    ("path", "method", "mode"),
    [
        (PATH, "GET", "positive"),
        (PATH, "GET", "negative"),  # nothing that can be sent to the other doors is wrong
        (PATH, "POST", "positive"),
        (DELETION_PATH, "POST", "positive"),
        (DELETION_PATH + "/{code}", "GET", "positive"),
        ("/healthz", "GET", "positive"),
        ("/readyz", "GET", "positive"),
        ("/metrics", "GET", "positive"),
    ],
)
def test_whatever_is_made_up_is_answered_as_described(described, path, method, mode):
    from schemathesis import GenerationMode

    @made_up
    @given(case=described[path][method].as_strategy(generation_mode=GenerationMode(mode)))
    def ask(case):
        answer = case.call()

        case.validate_response(answer)
        assert TOKEN not in answer.text

    ask()


def test_whatever_is_made_up_is_stored_when_it_is_signed(described):
    import requests

    @made_up
    @given(case=described[PATH]["POST"].as_strategy())
    def post(case):
        request = requests.Request(**case.as_transport_kwargs(base_url="http://testserver")).prepare()
        body = request.body or b""

        answer = case.call(headers=signed(body if isinstance(body, bytes) else body.encode()))

        case.validate_response(answer)
        assert answer.status_code == 200

    post()


def test_the_description_names_every_door(described):
    doors = {(path, method.upper()) for path, methods in described.items() for method in methods}

    assert doors == {
        (PATH, "GET"),
        (PATH, "POST"),
        (DELETION_PATH, "POST"),
        (DELETION_PATH + "/{code}", "GET"),
        ("/healthz", "GET"),
        ("/readyz", "GET"),
        ("/metrics", "GET"),
    }
