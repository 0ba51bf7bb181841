import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.core.mail import EmailMessage

from etabli.kernel import jobs, mail, preferences
from etabli.kernel.actors import SYSTEM
from etabli.kernel.mail import Backend, MailNotConfigured, MailServer, configured, send


class Inbox:
    """What a real SMTP server received; it refuses the senders of ``refused.example``."""

    def __init__(self) -> None:
        self.messages = []

    async def handle_MAIL(self, _server, _session, envelope, address, _options):
        if address.endswith("@refused.example"):
            return "550 5.7.1 Sender not allowed"
        envelope.mail_from = address
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):
        self.messages.append((envelope, message_from_bytes(envelope.content, policy=policy.default)))
        return "250 OK"


class Running(Controller):
    """Told its own certificate, the controller's ready check would not trust it: a plain connection is enough."""

    def _trigger_server(self) -> None:
        with socket.create_connection((self.hostname, self.port), 5):
            pass


def start(**options) -> Running:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Running(Inbox(), hostname="127.0.0.1", port=port, **options)
    controller.start()
    return controller


@pytest.fixture
def smtp() -> Iterator[Running]:
    controller = start()
    yield controller
    controller.stop()


@pytest.fixture
def login() -> Iterator[Running]:
    def check(_server, _session, _envelope, _mechanism, given):
        good = isinstance(given, LoginPassword) and (given.login, given.password) == (b"etabli", b"pa55")
        return AuthResult(success=good, handled=False)

    controller = start(authenticator=check, auth_require_tls=False)
    yield controller
    controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory) -> str:
    """A certificate for localhost, signed by itself."""
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")]),
    )
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "localhost.pem"
    private = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *private)
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return str(path)


@pytest.fixture
def starttls(certificate) -> Iterator[Running]:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate)
    controller = start(tls_context=context, require_starttls=True)
    yield controller
    controller.stop()


def server_at(controller: Running, **changes) -> MailServer:
    return replace(
        MailServer("127.0.0.1", controller.port, "none", sender="Support <support@example.com>"), **changes
    )


def configure(controller: Running, **more) -> None:
    values = {
        "mail.host": "127.0.0.1",
        "mail.port": controller.port,
        "mail.security": "none",
        "mail.from": "Support <support@example.com>",
    }
    for key, value in {**values, **{f"mail.{k}": v for k, v in more.items()}}.items():
        preferences.set_value(key, value, organisation=None, actor=SYSTEM)


@pytest.fixture
def real_backend(settings):
    settings.MAILERS = {"default": {"BACKEND": "etabli.kernel.mail.Backend"}}


def test_a_queued_mail_is_sent_by_the_worker_from_the_sender_of_the_settings(at_acme, smtp, real_backend):
    configure(smtp)
    send(
        ["bob@example.com"],
        "Réponse\r\nBcc: x@evil.example",
        "Bonjour,\nvoilà.",
        "<p>voilà</p>",
        organisation=at_acme.acme.pk,
    )
    assert smtp.handler.messages == []
    jobs.run_waiting()
    ((envelope, message),) = smtp.handler.messages
    assert (envelope.mail_from, envelope.rcpt_tos) == ("support@example.com", ["bob@example.com"])
    assert message["Subject"] == "Réponse Bcc: x@evil.example"
    assert message["Bcc"] is None
    assert message["From"] == "Support <support@example.com>"
    assert message.get_body(["plain"]).get_content().splitlines() == ["Bonjour,", "voilà."]
    assert message.get_body(["html"]).get_content().strip() == "<p>voilà</p>"


def test_an_organisation_has_its_own_sender(at_acme, smtp, real_backend):
    configure(smtp)
    preferences.set_value(
        "mail.from", "Acme IT <it@acme.example>", organisation=at_acme.acme.pk, actor=SYSTEM
    )
    send(["bob@example.com"], "Hello", "Hello", organisation=at_acme.acme.pk)
    jobs.run_waiting()
    assert smtp.handler.messages[0][0].mail_from == "it@acme.example"
    assert configured().sender == "Support <support@example.com>"


def test_django_s_own_mails_take_the_sender_of_the_settings(at_acme, smtp, settings):
    configure(smtp)
    message = EmailMessage("Login code", "123", settings.DEFAULT_FROM_EMAIL, ["bob@example.com"])
    assert Backend().send_messages([message]) == 1
    assert smtp.handler.messages[0][0].mail_from == "support@example.com"


def test_the_settings_are_read_at_each_sending(at_acme, smtp, login):
    backend = Backend()
    configure(smtp)
    backend.send_messages([EmailMessage("One", "1", "a@example.com", ["bob@example.com"])])
    configure(login, user="etabli", password="pa55")
    backend.send_messages([EmailMessage("Two", "2", "a@example.com", ["bob@example.com"])])
    assert [m["Subject"] for _e, m in smtp.handler.messages + login.handler.messages] == ["One", "Two"]


@pytest.mark.django_db
def test_without_a_server_the_error_says_where_to_set_it():
    with pytest.raises(MailNotConfigured, match="→"):
        Backend().send_messages([EmailMessage("x", "x", "a@example.com", ["b@example.com"])])


def test_a_good_server_has_no_problem(smtp, login):
    assert mail.test_connection(server_at(smtp)) == ""
    assert mail.test_connection(server_at(login, user="etabli", password="pa55")) == ""
    assert smtp.handler.messages == []


def test_each_problem_has_its_sentence(smtp, login, settings):
    settings.LANGUAGE_CODE = "en"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    sentences = {
        "not found": server_at(smtp, host="no-such-name.invalid"),
        "refuses connections": server_at(smtp, port=port),
        "does not speak TLS": server_at(smtp, security="tls"),
        "does not offer": server_at(smtp, security="starttls"),
        "refuses the login of “etabli”": server_at(login, user="etabli", password="wrong"),
        "refuses the sender nobody@refused.example": server_at(smtp, sender="nobody@refused.example"),
        "not an e-mail address": server_at(smtp, sender="Support"),
        "name of the mail server": server_at(smtp, host=""),
    }
    for expected, server in sentences.items():
        assert expected in mail.test_connection(server)


def test_a_server_that_says_nothing_is_told(monkeypatch):
    monkeypatch.setattr(mail, "TIMEOUT", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = MailServer("127.0.0.1", mute.getsockname()[1], "none", sender="a@example.com")
        assert "127.0.0.1" in mail.test_connection(server)
        assert str(server.port) in mail.test_connection(server)


def test_a_certificate_nobody_vouches_for_is_refused_and_a_trusted_one_is_used(
    starttls, certificate, monkeypatch
):
    server = server_at(starttls, host="localhost", security="starttls")
    assert "certificate" in mail.test_connection(server)
    monkeypatch.setenv("SSL_CERT_FILE", certificate)
    assert mail.test_connection(server) == ""
    assert "certificate" in mail.test_connection(replace(server, host="127.0.0.1"))
