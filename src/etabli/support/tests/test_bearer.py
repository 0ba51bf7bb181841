"""A token that ends is asked again from the provider, a real HTTP server here."""

import json
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from django.utils import timezone

from etabli.support.bearer import NoToken, access_token
from etabli.support.mailboxes import Mailbox

from .outgoing import mailbox

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("in_english")]


class Provider(HTTPServer):
    """Gives a token for the refresh token `good`, and counts what it was asked."""

    asked: list[dict[str, list[str]]]


class Asked(BaseHTTPRequestHandler):
    server: Provider

    def do_POST(self) -> None:
        given = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        self.server.asked.append(given)
        good = given["refresh_token"] == ["good"]
        answer = {
            "access_token": f"token {len(self.server.asked)}",
            "expires_in": 3600,
            "refresh_token": "good",
        }
        content = json.dumps(answer if good else {"error": "invalid_grant"}).encode()
        self.send_response(200 if good else 400)
        self.end_headers()
        self.wfile.write(content if given.get("client_id") != ["odd"] else b"<html>")

    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture
def tokens() -> Iterator[Provider]:
    server = Provider(("127.0.0.1", 0), Asked)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def box(firm: Any, tokens: Provider, **more: Any) -> Mailbox:
    url = f"http://127.0.0.1:{tokens.server_port}/token"
    return mailbox(
        firm, 25, login="xoauth2", token_url=url, client_id="etabli", **{"refresh_token": "good", **more}
    )


def test_a_token_serves_until_shortly_before_its_end(provider: Any, tokens: Provider) -> None:
    firm, _actor = provider
    made, now = box(firm, tokens), timezone.now()
    assert access_token(made, now=now) == "token 1"
    assert access_token(Mailbox.objects.get(), now=now + timedelta(minutes=50)) == "token 1"
    assert access_token(Mailbox.objects.get(), now=now + timedelta(minutes=59)) == "token 2"
    assert access_token(made, now=now) == "token 2", "another process has asked already"
    assert tokens.asked[0]["grant_type"] == ["refresh_token"]


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"refresh_token": "bad"}, "allow access again"),
        ({"client_id": "odd"}, "No token could be asked"),
        ({"token_url": "http://provider.example/"}, "must begin with https"),
        ({"token_url": "https://127.0.0.1:1/"}, "No token could be asked"),
    ],
)
def test_what_is_wrong_is_told(provider: Any, tokens: Provider, more: dict[str, str], told: str) -> None:
    firm, _actor = provider
    made = box(firm, tokens)
    for name, value in more.items():
        setattr(made, name, value)
    made.save()
    with pytest.raises(NoToken, match=told):
        access_token(made)
