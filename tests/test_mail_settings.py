"""The mail settings page tells in a sentence whether e-mail leaves, by a real SMTP server."""

import re
import socket

import pytest
from aiosmtpd.controller import Controller

from etabli.kernel import preferences
from etabli.kernel.actors import actor_of


class Inbox:
    def __init__(self):
        self.received = []

    async def handle_DATA(self, server, session, envelope):
        self.received.append(envelope)
        return "250 OK"


@pytest.fixture
def server():
    inbox = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield port, inbox
    controller.stop()


@pytest.fixture
def admin(firm, client_of, settings):
    settings.MAILERS = {"default": {"BACKEND": "etabli.kernel.mail.Backend"}}
    return client_of(firm.provider.administrator)


def say(firm, **values):
    for key, value in values.items():
        preferences.set_value(
            f"mail.{key}", value, organisation=None, actor=actor_of(firm.provider.administrator)
        )


def test_a_server_that_works_sends_a_real_message_to_whoever_asks(server, admin, firm):
    port, inbox = server
    say(firm, host="127.0.0.1", port=port, security="none")
    page = admin.post("/reglages/mail/test/", follow=True).content.decode()
    assert "A test message left" in page
    assert inbox.received[0].rcpt_tos == [firm.provider.administrator.email]


def test_a_server_that_refuses_is_explained(admin, firm):
    say(firm, host="127.0.0.1", port=1, security="none")
    page = admin.post("/reglages/mail/test/", follow=True).content.decode()
    assert re.search(r"127\.0\.0\.1", page)
    assert "A test message left" not in page


def test_without_a_server_the_code_by_e_mail_says_so_instead_of_breaking(client, firm, settings):
    settings.MAILERS = {"default": {"BACKEND": "etabli.kernel.mail.Backend"}}
    page = client.post("/compte/login/code/", {"email": firm.acme.technician.email}, follow=True)
    assert page.status_code == 200
    assert "no mail server is set" in page.content.decode()


def test_a_client_s_administrator_may_not_try_the_installation_s_server(firm, client_of):
    assert client_of(firm.acme.administrator).post("/reglages/mail/test/").status_code == 403
