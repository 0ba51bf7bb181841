"""Running the collector on a Linux server by SSH: one connection, one command, nothing left behind.

The host key is compared with the one a person accepted before anything is sent. The collector goes in by the
standard input of the remote python3, its document comes out by the standard output.
"""

import asyncio
import base64
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from etabli.kernel.secrets import MASK
from etabli.kernel.sentences import Sentence, sentence

LIMIT = 64 * 1024 * 1024
SECONDS, CONNECTING = 180.0, 20.0
SAID = 4000
PEM = re.compile(r"\s*-----BEGIN ([A-Z ]+)-----(.*?)-----END \1-----\s*", re.S)
COMMAND = "python3 - --output -"


@dataclass(frozen=True)
class Login:
    """Where a server is and how to log in; ``host_key`` is the accepted one ("ssh-ed25519 AAAA…")."""

    host: str
    port: int
    user: str
    password: str = ""
    private_key: str = ""
    passphrase: str = ""
    sudo: bool = False
    host_key: str = ""


class Trouble(Exception):
    """Why a server could not be read, as a sentence that can be kept."""

    def __init__(self, reason: Sentence) -> None:
        super().__init__(str(reason))
        self.reason = reason


class UnknownHost(Exception):
    """The server shows a host key nobody accepted yet."""

    def __init__(self, key: str) -> None:
        super().__init__(fingerprint(key))
        self.key = key


def fingerprint(key: str) -> str:
    """`SHA256:…` of a host key, as ``ssh-keygen -l`` tells it (RFC 4253 §6.6 for the blob)."""
    blob = base64.b64decode(key.split()[1]) if len(key.split()) > 1 else b""
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def key_text(pasted: str) -> str:
    """A private key with its lines, which a one-line input has taken away."""
    found = PEM.fullmatch(pasted)
    if not found or ":" in found[2]:  # headers (RFC 1421) cannot be told from the rest once joined
        return pasted
    body = "".join(found[2].split())
    lines = "\n".join(body[at : at + 64] for at in range(0, len(body), 64))
    return f"-----BEGIN {found[1]}-----\n{lines}\n-----END {found[1]}-----\n"


def private_key(pasted: str, passphrase: str) -> Any:
    """The key, or :class:`Trouble` with what is wrong with it."""
    import asyncssh

    try:
        return asyncssh.import_private_key(key_text(pasted), passphrase or None)
    except (asyncssh.KeyImportError, asyncssh.KeyEncryptionError, ValueError) as error:
        if "bcrypt" in str(
            error
        ):  # an optional library, which may be absent where Établi was packaged by others
            raise Trouble(
                sentence(
                    "This server cannot open keys encrypted in OpenSSH's own form: write the key again with "
                    "“ssh-keygen -p -m PKCS8”, or use one of its own without a passphrase."
                )
            )
        if "assphrase" in str(error) or "decrypt" in str(error):
            raise Trouble(sentence("The private key is encrypted: its passphrase is missing or wrong."))
        raise Trouble(
            sentence("The private key cannot be read: paste the whole file, in OpenSSH or PEM form.")
        )


async def collect(login: Login, script: bytes, *, limit: int = LIMIT, seconds: float = SECONDS) -> bytes:
    """The document the collector prints on a server. Raises :class:`Trouble` and :class:`UnknownHost`."""
    import asyncssh

    try:
        async with asyncio.timeout(seconds):
            if not login.host_key:
                raise UnknownHost(await shown_key(login))
            async with _connection(login) as connection:
                return await _run(connection, login, script, limit)
    except asyncssh.HostKeyNotVerifiable:
        raise Trouble(await _changed(login))
    except asyncssh.PermissionDenied:
        raise Trouble(
            sentence(
                "The server refused the login “%(user)s”: wrong password or key, or no right to log in.",
                user=login.user,
            )  # fmt: skip
        )
    except TimeoutError:
        raise Trouble(
            sentence(
                "%(host)s did not finish within %(seconds)s s: it was left. Look at what hangs there.",
                host=login.host,
                seconds=f"{seconds:g}",
            )
        )
    except (OSError, asyncssh.Error) as error:
        raise Trouble(
            sentence(
                "%(host)s, port %(port)s, does not answer as an SSH server (%(said)s). Check the address, "
                "the port and the firewall.",
                host=login.host,
                port=login.port,
                said=str(error)[:200] or type(error).__name__,
            )
        )


async def shown_key(login: Login) -> str:
    """The host key a server shows, without logging in."""
    import asyncssh

    key = await asyncio.wait_for(
        asyncssh.get_server_host_key(login.host, login.port, config=None), CONNECTING
    )
    if key is None:
        raise OSError("no host key")
    return key.export_public_key().decode().strip()


async def _changed(login: Login) -> Sentence:
    try:
        shown = fingerprint(await shown_key(login))
    except Exception:  # whatever it is, the answer stays no
        shown = "?"
    return sentence(
        "The server shows another host key (%(shown)s) than the one accepted (%(kept)s): it was installed "
        "again, or another machine answers in its place. Nothing was sent to it. If you "
        "expected this, forget the key.",
        shown=shown,
        kept=fingerprint(login.host_key),
    )


def _connection(login: Login) -> Any:
    import asyncssh

    key = private_key(login.private_key, login.passphrase) if login.private_key else None
    return asyncssh.connect(
        login.host,
        login.port,
        username=login.user,
        password=login.password or None,
        client_keys=[key] if key else None,
        known_hosts=([asyncssh.import_public_key(login.host_key)], [], []),
        agent_path=None,
        config=None,
        connect_timeout=CONNECTING,
        login_timeout=CONNECTING,
    )


async def _run(connection: Any, login: Login, script: bytes, limit: int) -> bytes:
    command, before = COMMAND, b""
    if login.sudo and login.user != "root":
        # Asked first: a password that sudo does not want would be read as the first line of the script.
        free = (await connection.run("sudo -n -- python3 -c pass", stdin=-3)).exit_status == 0
        command = f"sudo -n -- {COMMAND}" if free else f"sudo -S -k -p '' -- {COMMAND}"
        before = b"" if free else login.password.encode() + b"\n"
    async with connection.create_process(command, encoding=None) as process:
        document, said = bytearray(), bytearray()
        reading = asyncio.gather(_read(process.stdout, document, limit), _read(process.stderr, said, limit))
        try:
            process.stdin.write(before + script)
            process.stdin.write_eof()
            await reading
            ended = await process.wait()
        except BrokenPipeError:
            await reading
            ended = await process.wait()
        except BaseException:
            reading.cancel()
            process.kill()
            connection.abort()
            raise
    told = bytes(said[-SAID:]).decode("utf-8", "replace").strip()
    for secret in filter(None, (login.password, login.passphrase)):
        told = told.replace(secret, MASK)
    if ended.exit_status != 0:
        raise Trouble(_failure(ended.exit_status, told, login))
    return bytes(document)


async def _read(stream: Any, into: bytearray, limit: int) -> None:
    while part := await stream.read(64 * 1024):
        into += part
        if len(into) > limit:
            raise Trouble(
                sentence(
                    "The server sent more than %(limit)s MB: it was cut short.", limit=limit >> 20 or "0"
                )
            )


def _failure(status: int | None, told: str, login: Login) -> Sentence:
    last = told.splitlines()[-1][:300] if told else f"status {status}"
    absent = re.search(r"python3\S* .*(not found|No such file)", told) or (
        status == 127 and "sudo" not in told
    )
    if absent:
        return sentence("There is no python3 on this server: install Python 3.8 or later, or an agent.")
    if login.sudo and "sudo" in told:
        return sentence("sudo refuses “%(user)s” (%(said)s). Check its password and its rights.",
                        user=login.user, said=last)  # fmt: skip
    return sentence("The collector failed on this server (%(said)s).", said=last)
