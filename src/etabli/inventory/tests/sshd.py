"""A real OpenSSH server on loopback, in a namespace of its own: its users, its passwords, its host key.

As root, a private mount namespace gives it an /etc/passwd and an /etc/shadow of its own, so that a test account
exists for this process only; nothing is changed on the machine.
"""

import os
import signal
import socket
import subprocess
import time
from pathlib import Path

COMPONENTS = Path(__file__).resolve().parents[4] / "var" / "components"
USER, PASSWORD = "etabli-test", "correct horse"
FREE, PLAIN = "etabli-free", "etabli-plain"  # sudo without a password, and no sudo at all
START = """
set -e
mount --make-rprivate /
mount --bind {here}/passwd /etc/passwd
mount --bind {here}/shadow /etc/shadow
mount --bind {here}/sudoers /etc/sudoers
mount -t tmpfs tmpfs /run
mkdir -p /run/sshd
exec {program} -D -e -f {here}/sshd_config
"""
CONFIG = """
Port {port}
ListenAddress 127.0.0.1
HostKey {here}/host_key
PidFile {here}/sshd.pid
UsePAM no
PasswordAuthentication yes
KbdInteractiveAuthentication no
AuthorizedKeysFile {here}/authorized_keys
StrictModes no
PermitUserEnvironment no
MaxStartups 100
MaxAuthTries 20
SetEnv PATH={path}
"""


class Sshd:
    """Start it with :meth:`start`, end it with :meth:`stop`; ``path`` is the PATH of its sessions."""

    def __init__(self, here: Path, *, path: str = "/usr/bin:/bin:/usr/sbin:/sbin") -> None:
        self.here, self.path, self.port = here, path, _free_port()
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> "Sshd":
        self.here.mkdir(parents=True, exist_ok=True)
        os.chmod(self.here, 0o755)
        for name in ("host_key", "user_key"):
            if not (self.here / name).exists():
                _run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(self.here / name))
        if not (self.here / "locked_key").exists():
            locked = str(self.here / "locked_key")
            _run("openssl", "genrsa", "-aes128", "-passout", "pass:sesame", "-out", locked, "2048")
            os.chmod(locked, 0o600)
            (self.here / "locked_key.pub").write_text(_run("ssh-keygen", "-y", "-P", "sesame", "-f", locked))
        keys = "".join((self.here / f"{name}.pub").read_text() for name in ("user_key", "locked_key"))
        (self.here / "authorized_keys").write_text(keys)
        self._accounts()
        (self.here / "sshd_config").write_text(CONFIG.format(port=self.port, here=self.here, path=self.path))
        program = COMPONENTS / "sshd" / "usr/sbin/sshd"
        script = START.format(here=self.here, program=program)
        log = (self.here / "log").open("ab")
        self.process = subprocess.Popen(["unshare", "--mount", "sh", "-c", script], stdout=log, stderr=log)
        self._wait()
        return self

    def _accounts(self) -> None:
        home = self.here / "home"
        home.mkdir(exist_ok=True)
        os.chown(home, 65000, 65000)
        hashed = _run("openssl", "passwd", "-6", PASSWORD).strip()
        passwd = Path("/etc/passwd").read_text().rstrip("\n").splitlines()
        passwd = [line for line in passwd if not line.startswith(("sshd:", "etabli-"))]
        passwd.append("sshd:x:64999:65534::/run/sshd:/usr/sbin/nologin")
        users = (USER, FREE, PLAIN)
        passwd += [f"{user}:x:{65000 + n}:65000::{home}:/bin/sh" for n, user in enumerate(users)]
        (self.here / "passwd").write_text("\n".join(passwd) + "\n")
        (self.here / "sudoers").write_text(f"{USER} ALL=(ALL) ALL\n{FREE} ALL=(ALL) NOPASSWD: ALL\n")
        os.chmod(self.here / "sudoers", 0o440)
        shadow = [
            "root:*:19000::::::",
            "sshd:*:19000::::::",
            *(f"{user}:{hashed}:19000::::::" for user in users),
        ]
        (self.here / "shadow").write_text("\n".join(shadow) + "\n")

    def _wait(self) -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            assert self.process is not None
            assert self.process.poll() is None, self.log()
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=1) as probe:
                    if probe.recv(4) == b"SSH-":
                        return
            except OSError:
                time.sleep(0.05)
        raise AssertionError(f"sshd does not answer\n{self.log()}")

    def log(self) -> str:
        return (self.here / "log").read_text(errors="replace")[-3000:]

    @property
    def host_key(self) -> str:
        return " ".join((self.here / "host_key.pub").read_text().split()[:2])

    def user_key(self, name: str = "user_key") -> str:
        return (self.here / name).read_text()

    def new_host_key(self) -> None:
        """As after a reinstallation: stop, another key, start at the same port."""
        self.stop()
        (self.here / "host_key").unlink()
        (self.here / "host_key.pub").unlink()
        self.start()

    def stop(self) -> None:
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=10)


def refusal() -> str:
    """Why it cannot be started here, or nothing: another account needs root and a mount namespace."""
    if os.geteuid() != 0:
        return "only root can give sshd accounts of its own"
    done = subprocess.run(
        ["unshare", "--mount", "mount", "--make-rprivate", "/"], capture_output=True, text=True, check=False
    )
    return f"no mount namespace here: {done.stderr.strip()}" if done.returncode else ""


def _run(*words: str) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
