"""A real Dovecot on loopback: IMAP, STARTTLS and IMAPS under a certificate of our own, delivery by LMTP.

A local server that looks tokens into (RFC 7662) lets XOAUTH2 be tried for real. Root starts it, since it lends
its processes to accounts of the machine.
"""

import json
import os
import shutil
import smtplib
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from imap_tools import MailBoxUnencrypted

PASSWORD = "correct horse"
CONFIG = """
base_dir = {here}/run
state_dir = {here}/state
log_path = {here}/log
protocols = imap lmtp
listen = 127.0.0.1
ssl = yes
ssl_cert = <{here}/cert.pem
ssl_key = <{here}/key.pem
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2 oauthbearer
auth_username_format = %Lu
auth_failure_delay = 0
mail_location = maildir:~/Maildir
mail_uid = mail
mail_gid = mail
first_valid_uid = 1
first_valid_gid = 1
mail_max_userip_connections = 100
passdb {{
  driver = passwd-file
  args = username_format=%u {here}/users
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {here}/oauth2.conf
}}
userdb {{
  driver = static
  args = uid=mail gid=mail home={here}/mails/%u
}}
service imap-login {{
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
    ssl = yes
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp}
  }}
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""
OAUTH2 = """
introspection_mode = auth
introspection_url = http://127.0.0.1:{port}/introspect
username_attribute = email
active_attribute = active
active_value = true
"""


def refusal() -> str:
    """Why it cannot be started here; empty when it can."""
    return "" if hasattr(os, "geteuid") and os.geteuid() == 0 else "Dovecot is started by root"


class Tokens:
    """The authority of the tokens: says which are good, and gives new ones for a refresh token (over TLS)."""

    def __init__(self) -> None:
        self.good: dict[str, str] = {}  # token → user
        self.refresh, self.given, self.asked = "refresh-1", 0, 0
        self.user, self.rotates = "", False
        self.plain = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.port = int(self.plain.server_address[1])
        self.secure: ThreadingHTTPServer | None = None
        self._serve(self.plain)

    def over_tls(self, here: Path) -> str:
        """The address that gives tokens."""
        import ssl

        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(here / "cert.pem", here / "key.pem")
        self.secure = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.secure.socket = context.wrap_socket(self.secure.socket, server_side=True)
        self._serve(self.secure)
        return f"https://localhost:{self.secure.server_address[1]}/token"

    def _serve(self, server: ThreadingHTTPServer) -> None:
        threading.Thread(target=server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        for server in (self.plain, self.secure):
            if server is not None:
                server.shutdown()
                server.server_close()

    def answer(self, path: str, said: dict[str, list[str]], bearer: str) -> tuple[int, dict[str, Any]]:
        if path == "/introspect":
            user = self.good.get(bearer)
            return 200, {"active": user is not None, "email": user or ""}
        self.asked += 1
        if said.get("refresh_token") != [self.refresh] or said.get("client_secret") != ["s3cret"]:
            return 400, {"error": "invalid_grant", "error_description": "The grant is expired or revoked."}
        self.given += 1
        token = f"token-{self.given}"
        self.good[token] = self.user
        made = {"access_token": token, "expires_in": 3600, "token_type": "Bearer", "scope": "x" * 5000}
        if self.rotates:
            self.refresh = f"refresh-{self.given + 1}"
            made["refresh_token"] = self.refresh
        return 200, made

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._say()

            def do_POST(self) -> None:
                self._say()

            def _say(self) -> None:
                from urllib.parse import parse_qs

                body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
                bearer = self.headers.get("Authorization", "").removeprefix("Bearer ").strip()
                status, told = tokens.answer(self.path.partition("?")[0], parse_qs(body), bearer)
                raw = json.dumps(told).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_words: Any) -> None:
                """Nothing on the terminal of the tests."""

        return Handler


class Dovecot:
    """Start it with :meth:`start`, end it with :meth:`stop`; any address without its own user is unknown."""

    def __init__(self) -> None:
        self.here = Path(tempfile.mkdtemp(prefix="etabli-dovecot-"))
        self.imap, self.imaps, self.lmtp = (_free_port() for _ in range(3))
        self.tokens = Tokens()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Dovecot":
        os.chmod(self.here, 0o711)
        mails = self.here / "mails"
        mails.mkdir(exist_ok=True)
        shutil.chown(mails, "mail", "mail")
        if not (self.here / "cert.pem").exists():
            self._certificate()
        (self.here / "users").touch()
        (self.here / "oauth2.conf").write_text(OAUTH2.format(port=self.tokens.port))
        places = {"here": self.here, "imap": self.imap, "imaps": self.imaps, "lmtp": self.lmtp}
        (self.here / "dovecot.conf").write_text(CONFIG.format(**places))
        program = shutil.which("dovecot", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or "dovecot"
        command = [program, "-F", "-c", str(self.here / "dovecot.conf")]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._wait()
        return self

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(10)
            self.process = None

    def close(self) -> None:
        self.stop()
        self.tokens.stop()
        shutil.rmtree(self.here, ignore_errors=True)

    def add(self, *addresses: str) -> None:
        """Make a mailbox of each address, empty, with :data:`PASSWORD`."""
        with (self.here / "users").open("a") as users:
            for address in addresses:
                users.write(f"{address}:{{PLAIN}}{PASSWORD}::::::\n")
                shutil.rmtree(self.here / "mails" / address, ignore_errors=True)

    def deliver(self, address: str, *mails: bytes, sender: str = "") -> None:
        """By LMTP, as a mail server would."""
        with smtplib.LMTP("127.0.0.1", self.lmtp) as client:
            for raw in mails:
                client.sendmail(sender or "someone@example.com", [address], _lined(raw))

    @contextmanager
    def box(self, address: str) -> Iterator[Any]:
        """Its mailbox, as a mail program opens it."""
        box = MailBoxUnencrypted("127.0.0.1", self.imap)
        with box.login_utf8(address, PASSWORD) as opened:
            yield opened

    def append(self, address: str, *mails: bytes) -> None:
        """Put mails in the folder as they are: what LMTP refuses, mailboxes hold all the same."""
        with self.box(address) as box:
            for raw in mails:
                box.append(raw, "INBOX")

    def count(self, address: str, folder: str = "INBOX") -> int:
        with self.box(address) as box:
            return int(box.folder.status(folder)["MESSAGES"])

    def _certificate(self) -> None:
        names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
        command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
        command += ["-subj", "/CN=localhost", "-addext", names, "-keyout", "key.pem", "-out", "cert.pem"]
        subprocess.run(command, cwd=self.here, check=True, capture_output=True)

    def _wait(self) -> None:
        until = time.monotonic() + 15
        while time.monotonic() < until:
            try:
                with socket.create_connection(("127.0.0.1", self.imap), timeout=1) as probe:
                    if probe.recv(4) == b"* OK":
                        return
            except OSError:
                time.sleep(0.05)
        log = self.here / "log"
        raise AssertionError(log.read_text()[-3000:] if log.exists() else "Dovecot does not answer")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _lined(raw: bytes) -> bytes:
    return b"\r\n".join(raw.replace(b"\r\n", b"\n").split(b"\n"))


def mail(
    number: int = 1,
    *,
    sender: str = "Claire Moreau <claire@acme.example>",
    subject: str = "No network",
    text: str = "Nothing works since this morning.",
    to: str = "support@etabli.example",
    headers: Iterable[str] = (),
) -> bytes:
    """A plain mail; ``number`` makes its Message-ID."""
    lines = [
        f"From: {sender}",
        f"To: {to}",
        f"Subject: {subject}",
        "Date: Mon, 30 Nov 2026 09:00:00 +0100",
        f"Message-ID: <m{number}@acme.example>",
        *headers,
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        text,
        "",
    ]
    return "\r\n".join(lines).encode()
