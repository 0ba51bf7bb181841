"""The collector delivers its document to any server that serves the GLPI Agent, and trusts only the right one."""

import datetime
import hashlib
import json
import socket
import ssl
import subprocess
import sys
import threading
import zlib
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from etabli.inventory import collector
from etabli.inventory.collector import Answer, Identity, Unreachable, send

SCRIPT = Path(collector.__file__)
KNOWN = Identity("7f9c1d2e-0000-4000-8000-000000000001", "poste-2026-01-05-08-00-00")


class Listener(ThreadingHTTPServer):
    """An inventory server that keeps what it receives and gives the answer it is told to."""

    def __init__(self, certificate: Path | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Receiver)
        self.received: list[tuple[str, dict[str, str], bytes]] = []
        self.reply: tuple[int, bytes] = (200, b'{"status":"ok","expiration":24}')
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server_port}/front/inventory.php"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that breaks off, as one that distrusts us must, is nothing to print."""


class Receiver(BaseHTTPRequestHandler):
    server: Listener

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append((self.path, dict(self.headers), body))
        status, reply = self.server.reply
        self.send_response(status)
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged."""


def listening(listener: Listener) -> Iterator[Listener]:
    thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield listener
    listener.shutdown()
    thread.join()
    listener.server_close()


@pytest.fixture
def server() -> Iterator[Listener]:
    yield from listening(Listener())


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate and its key, in one file."""
    x509 = pytest.importorskip("cryptography.x509")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "somewhere.invalid")])
    day, now = datetime.timedelta(days=1), datetime.datetime.now(datetime.UTC)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, now - day, now + day).sign(
        key, hashes.SHA256()
    )
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    clear = (serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, *clear) + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


@pytest.fixture
def secure_server(certificate: Path) -> Iterator[Listener]:
    yield from listening(Listener(certificate))


def run(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def test_the_document_travels_as_the_agent_sends_it(server: Listener) -> None:
    told = send({"action": "inventory", "deviceid": "é"}, server.url + "?key=a", KNOWN)
    path, headers, body = server.received[0]
    assert told == Answer(200, "ok", "", "24")
    assert path == "/front/inventory.php?key=a"
    assert headers["Content-Type"] == "application/x-compress-zlib"
    assert headers["GLPI-Agent-ID"] == KNOWN.agent_id
    assert json.loads(zlib.decompress(body)) == {"action": "inventory", "deviceid": "é"}


def test_a_compressed_answer_is_understood(server: Listener) -> None:
    server.reply = (200, zlib.compress(b'{"status":"pending","expiration":"10s"}'))
    assert send({}, server.url, KNOWN).accepted


def test_run_by_hand_it_sends_and_says_so_in_one_sentence(server: Listener, tmp_path: Path) -> None:
    done = run("--server", server.url, "--tag", "CLIENT-A")
    assert done.returncode == 0, done.stderr
    assert (
        done.stderr.splitlines()[-1] == "The server accepted the inventory and expects the next one in 24h."
    )
    document = json.loads(zlib.decompress(server.received[0][2]))
    known = collector.identity()
    assert (document["tag"], document["deviceid"]) == ("CLIENT-A", known.device_id)
    assert server.received[0][1]["GLPI-Agent-ID"] == known.agent_id


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (
            (400, b'{"status":"error","message":"JSON does not validate."}'),
            "(HTTP 400): JSON does not validate.",
        ),
        ((401, b""), "(HTTP 401): Unauthorized."),
        ((200, b"<html>Welcome</html>"), "(HTTP 200): this address does not answer as an inventory server."),
        ((302, b""), "(HTTP 302): this address does not answer as an inventory server."),
        ((200, b"[]"), "(HTTP 200): this address does not answer as an inventory server."),
    ],
)
def test_a_refusal_ends_with_3_and_its_reason(
    server: Listener, tmp_path: Path, reply: tuple[int, bytes], reason: str
) -> None:
    server.reply = reply
    done = run("--server", server.url)
    assert done.returncode == 3
    assert done.stderr.splitlines()[-1] == f"The server refused the inventory {reason}"


def test_a_server_that_is_not_there_ends_with_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run("--server", f"http://127.0.0.1:{taken.getsockname()[1]}/")
    assert done.returncode == 2
    assert "could not be reached" in done.stderr


def test_a_server_that_says_nothing_ends_with_2(tmp_path: Path) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        with pytest.raises(Unreachable, match="timed out"):
            send({}, f"http://127.0.0.1:{mute.getsockname()[1]}/", KNOWN, timeout=0.2)


def test_a_pinned_certificate_is_trusted_whatever_its_name(
    secure_server: Listener, certificate: Path
) -> None:
    der = ssl.PEM_cert_to_DER_cert(
        "-----BEGIN CERT" + certificate.read_text().partition("-----BEGIN CERT")[2]
    )
    digest = hashlib.sha256(der).hexdigest()
    assert send({}, secure_server.url, KNOWN, fingerprint=f"sha256${digest}").accepted
    colons = ":".join(digest[at : at + 2] for at in range(0, 64, 2)).upper()
    assert send({}, secure_server.url, KNOWN, fingerprint=f"sha256${colons}").accepted


@pytest.mark.parametrize("fingerprint", ["", "sha256$" + "0" * 64])
def test_nothing_is_sent_to_a_server_that_cannot_be_trusted(
    secure_server: Listener, fingerprint: str
) -> None:
    with pytest.raises(Unreachable, match="certificate"):
        send({"secret": "inventory"}, secure_server.url, KNOWN, fingerprint=fingerprint)
    assert secure_server.received == []


def test_the_document_can_be_written_instead(tmp_path: Path) -> None:
    done = run("--output", "-")
    assert done.returncode == 0
    assert json.loads(done.stdout)["action"] == "inventory"
    assert run("--output", str(tmp_path)).returncode == 1


@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--server", "inventory.example.com"),
        ("--server", "http://h/", "--ca-fingerprint", "sha256$" + "0" * 64),
        ("--server", "https://h/", "--ca-fingerprint", "sha256$12"),
        ("--unknown",),
    ],
)
def test_a_wrong_option_ends_with_1(tmp_path: Path, options: tuple[str, ...]) -> None:
    assert run(*options).returncode == 1


def test_the_help_says_what_each_exit_code_means(tmp_path: Path) -> None:
    shown = run("--help").stdout
    assert all(f"\n  {code}  " in shown for code in range(4))
