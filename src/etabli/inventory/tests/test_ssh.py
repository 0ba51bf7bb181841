"""Servers read by SSH, against a real OpenSSH server: what works, and every way in which it does not."""

import asyncio
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from etabli.inventory import door, ssh
from etabli.inventory.ssh import Login, Trouble, UnknownHost

from .sshd import FREE, PASSWORD, PLAIN, USER, Sshd, refusal

pytestmark = [pytest.mark.component("sshd"), pytest.mark.skipif(bool(refusal()), reason=refusal() or "-")]
SCRIPT = door.COLLECTOR.read_bytes()


@pytest.fixture(scope="module")
def server() -> Iterator[Sshd]:
    # Not pytest's own directory, which is closed to others: the account that logs in must reach its home.
    made = Sshd(Path(tempfile.mkdtemp(prefix="etabli-sshd-"))).start()
    try:
        yield made
    finally:
        made.stop()
        shutil.rmtree(made.here)


def login(server: Sshd, **more: Any) -> Login:
    usual = {"user": USER, "password": PASSWORD, "host_key": server.host_key}
    return Login("127.0.0.1", server.port, **(usual | more))


def collected(one: Login, script: bytes = SCRIPT, **limits: Any) -> bytes:
    return asyncio.run(ssh.collect(one, script, **limits))


def trouble(one: Login, script: bytes = SCRIPT, **limits: Any) -> str:
    with pytest.raises(Trouble) as caught:
        collected(one, script, **limits)
    return str(caught.value.reason)


def test_a_password_opens_and_the_document_comes_back_whole(server: Sshd) -> None:
    document = json.loads(collected(login(server)))
    assert document["action"] == "inventory"
    assert document["content"]["hardware"]["memory"] > 0
    assert len(document["content"]["softwares"]) > 100
    assert list((server.here / "home").iterdir()) == []  # nothing is left


def test_a_private_key_opens_even_pasted_on_one_line(server: Sshd) -> None:
    joined = server.user_key().replace("\n", "")
    assert json.loads(collected(login(server, password="", private_key=joined)))["action"] == "inventory"


def test_an_encrypted_key_needs_its_passphrase(server: Sshd) -> None:
    key = server.user_key("locked_key")
    assert "passphrase is missing or wrong" in trouble(login(server, password="", private_key=key))
    wrong = login(server, password="", private_key=key, passphrase="wrong")
    assert "passphrase is missing or wrong" in trouble(wrong)
    opened = login(server, password="", private_key=key, passphrase="sesame")
    assert json.loads(collected(opened))["action"] == "inventory"


def test_what_is_no_key_is_told(server: Sshd) -> None:
    assert "cannot be read" in trouble(login(server, password="", private_key="certainly not"))


def test_a_wrong_password_is_told(server: Sshd) -> None:
    assert "wrong password or key" in trouble(login(server, password="wrong"))


def test_an_unknown_host_is_shown_and_nothing_is_sent(server: Sshd) -> None:
    before = server.log().count("password for")
    with pytest.raises(UnknownHost) as caught:
        collected(login(server, host_key=""))
    assert caught.value.key == server.host_key
    assert str(caught.value).startswith("SHA256:")
    assert server.log().count("password for") == before


def test_the_fingerprint_is_the_one_the_server_tells(server: Sshd) -> None:
    told = subprocess.run(
        ["ssh-keygen", "-l", "-f", str(server.here / "host_key.pub")],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ssh.fingerprint(server.host_key) == told.stdout.split()[1]


def test_a_changed_host_key_is_refused_before_the_password_leaves(server: Sshd) -> None:
    former = server.host_key
    server.new_host_key()
    told = trouble(login(server, host_key=former))
    assert "another host key" in told
    assert ssh.fingerprint(former) in told
    assert ssh.fingerprint(server.host_key) in told
    assert "Accepted" not in server.log().split("Server listening")[-1]


def test_a_server_without_python_is_told(server: Sshd) -> None:
    bare = server.here / "bare"
    bare.mkdir(exist_ok=True)
    poor = Sshd(server.here.with_name(server.here.name + "-poor"), path=str(bare)).start()
    try:
        assert "no python3" in trouble(login(poor))
    finally:
        poor.stop()
        shutil.rmtree(poor.here)


def test_a_command_that_hangs_is_left(server: Sshd) -> None:
    began = time.monotonic()
    assert "did not finish within 3 s" in trouble(login(server), b"import time; time.sleep(600)", seconds=3)
    assert time.monotonic() - began < 8


def test_too_much_output_is_cut_short(server: Sshd) -> None:
    flood = b"import sys\nwhile True: sys.stdout.write('x' * 65536)"
    assert "more than" in trouble(login(server), flood, limit=2 << 20, seconds=30)
    assert "more than" in trouble(
        login(server), flood.replace(b"stdout", b"stderr"), limit=2 << 20, seconds=30
    )


def test_a_script_that_fails_is_told_with_its_last_words(server: Sshd) -> None:
    assert "ValueError: broken" in trouble(login(server), b"raise ValueError('broken')")


def test_an_address_without_a_server_is_told(server: Sshd) -> None:
    assert "does not answer as an SSH server" in trouble(
        Login("127.0.0.1", 1, USER, "x", host_key=server.host_key)
    )
    assert "does not answer as an SSH server" in trouble(Login("no.such.host.invalid", 22, USER, "x"))


WHO = b"import os; print(os.geteuid())"


def test_sudo_asks_for_the_password_or_does_not(server: Sshd) -> None:
    assert collected(login(server), WHO).strip() == b"65000"
    assert collected(login(server, sudo=True), WHO).strip() == b"0"
    assert collected(login(server, user=FREE, sudo=True), WHO).strip() == b"0"


def test_sudo_that_refuses_is_told(server: Sshd) -> None:
    assert f"sudo refuses “{PLAIN}”" in trouble(login(server, user=PLAIN, sudo=True))
    key = login(server, private_key=server.user_key(), password="", sudo=True)
    assert f"sudo refuses “{USER}”" in trouble(key)


def test_a_password_that_a_server_prints_back_is_not_kept(server: Sshd) -> None:
    told = trouble(login(server), f"raise ValueError({PASSWORD!r})".encode())
    assert "ValueError" in told
    assert PASSWORD not in told


def test_a_server_without_sudo_is_told(server: Sshd) -> None:
    only = server.here / "only"
    only.mkdir(exist_ok=True)
    (only / "python3").symlink_to("/usr/bin/python3")
    poor = Sshd(server.here.with_name(server.here.name + "-nosudo"), path=str(only)).start()
    try:
        assert "sudo refuses" in trouble(login(poor, sudo=True))
    finally:
        poor.stop()
        shutil.rmtree(poor.here)
