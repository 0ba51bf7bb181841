"""A real SMTP server in a process of its own, which answers what the addresses ask for and writes what it takes.

Run by path, it listens on a port of loopback, prints it, and keeps each mail as a line of JSON in a file.
"""

import asyncio
import base64
import json
import os
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult


class Handler:
    """An address that begins by three digits (`451.full@…`) is answered so; `451.data@…` speaks of the content.

    `hang.data@…` gets no answer, `drop.data@…` a hang-up, `accept.drop@…` a hang-up once the mail is kept.
    """

    def __init__(self, kept: Path) -> None:
        self.kept = kept

    async def handle_RCPT(self, server: Any, session: Any, envelope: Any, address: str, options: Any) -> str:
        code, word = [*address.partition("@")[0].split("."), "", ""][:2]
        if code.isdecimal() and word != "data":
            return f"{code} {code[0]}.1.1 as asked"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        words = {address.partition("@")[0] for address in envelope.rcpt_tos}
        for word in words:
            code, _dot, what = word.partition(".")
            if what == "data" and code.isdecimal():
                return f"{code} {code[0]}.3.1 as asked"
            if word == "hang.data":
                await asyncio.sleep(60)
            if word == "drop.data":
                server.transport.close()
                return ""
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("latin-1"),
            "peer": session.peer[1],
            "at": time.time(),
        }
        with self.kept.open("a") as file:
            file.write(json.dumps(told) + "\n")
        if "accept.drop" in words:
            server.transport.close()
        return "250 kept"


class Bearer(Handler):
    """The same for whoever shows the token `good`."""

    async def auth_XOAUTH2(self, server: Any, args: list[str]) -> Any:
        told = base64.b64decode(args[1]).decode() if len(args) > 1 else ""
        if "auth=Bearer good\1" in told:
            return AuthResult(success=True)
        return AuthResult(success=False, handled=False)


def main(kept: str, certificate: str, how: str) -> None:
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
    handler = Bearer(Path(kept)) if how == "bearer" else Handler(Path(kept))
    options: dict[str, Any] = {"auth_require_tls": False, "auth_required": True} if how == "bearer" else {}
    if how == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    loop = asyncio.new_event_loop()
    made = loop.run_until_complete(
        loop.create_server(
            lambda: SMTP(handler, loop=loop, hostname="sink", **options),
            "127.0.0.1",
            0,
            ssl=context if how == "tls" else None,
        )
    )
    print(made.sockets[0].getsockname()[1], flush=True)
    loop.run_forever()


@dataclass
class Sink:
    """The server as tests see it."""

    port: int
    kept: Path

    @property
    def mails(self) -> list[dict[str, Any]]:
        lines = self.kept.read_text().splitlines() if self.kept.exists() else []
        return [json.loads(line) for line in lines]


@contextmanager
def listening(folder: Path, certificate: str = "", how: str = "") -> Iterator[Sink]:
    kept = folder / "kept.jsonl"
    words = [sys.executable, __file__, str(kept), certificate, how]
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            yield Sink(int(process.stdout.readline()), kept)
        finally:
            process.kill()


if __name__ == "__main__":
    main(*sys.argv[1:])
