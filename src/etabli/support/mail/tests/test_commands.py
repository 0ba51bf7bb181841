"""``mail explain``: one JSON object a line, exit codes that scripts can trust."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from etabli.support.mail import commands

from .corpus import wire

FIELDS = {
    *[
        "file",
        "kind",
        "reasons",
        "rules",
        "sender",
        "original_sender",
        "reply_to",
        "to",
        "cc",
        "subject",
        "date",
    ],
    *[
        "received_date",
        "message_id",
        "identity",
        "in_reply_to",
        "references",
        "threads",
        "text",
        "trimmed_text",
    ],
    *[
        "folded",
        "may_reopen",
        "may_acknowledge",
        "bounce",
        "html",
        "blocked_images",
        "protection",
        "attachments",
    ],
    *["size", "sha256"],
}


def run(*words: str, language: str = "en_GB.UTF-8", home: Path) -> subprocess.CompletedProcess[str]:
    settings = {"PATH": os.environ["PATH"], "PYTHONPATH": os.pathsep.join(sys.path), "LANG": language}
    return subprocess.run(
        [sys.executable, "-m", "etabli.project.cli", *words],
        env={**settings, "ETABLI_HOME": str(home), "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none"},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def mail(tmp_path: Path) -> Path:
    file = tmp_path / "réponse.eml"
    file.write_bytes(
        wire(
            "Toujours en panne.\n\nCordialement,\nBob\n",
            subject="Re: [ETB-7] x",
            date="3 Mar 2025 10:12 +0100",
        )
    )
    return file


def test_each_file_gives_one_object_whatever_it_holds(mail: Path, tmp_path: Path) -> None:
    (tmp_path / "junk").write_bytes(b"\xff\x00junk")
    (tmp_path / "empty").write_bytes(b"")
    done = run(
        "mail", "explain", str(mail), str(tmp_path / "junk"), str(tmp_path / "empty"), home=tmp_path / "home"
    )
    assert (done.returncode, done.stderr) == (0, "")
    first, *others = [json.loads(line) for line in done.stdout.splitlines()]
    assert set(first) == FIELDS
    assert (first["kind"], first["date"], first["trimmed_text"]) == (
        "reply",
        "2025-03-03T10:12:00+01:00",
        "Toujours en panne.",
    )
    assert first["sender"] == {"name": "Bob Martin", "address": "bob@client.test"}
    assert first["threads"] == [{"proof": "subject-tag", "value": "ETB-7", "ticket": "7", "verified": False}]
    assert [one["kind"] for one in others] == ["unreadable", "unreadable"]


def test_it_writes_nothing_and_needs_no_database(mail: Path, tmp_path: Path) -> None:
    assert run("courriel", "explain", str(mail), home=tmp_path / "home").returncode == 0
    assert not (tmp_path / "home").exists()


def test_an_absent_file_is_named_and_the_others_are_explained(mail: Path, tmp_path: Path) -> None:
    done = run(
        "mail", "explain", str(tmp_path / "absent.eml"), str(mail), str(tmp_path), home=tmp_path / "home"
    )
    assert done.returncode == commands.FAILED
    assert "absent.eml cannot be read" in done.stderr
    assert len(done.stdout.splitlines()) == 1
    assert len(done.stderr.splitlines()) == 2


def test_what_our_own_addresses_send_is_a_loop(mail: Path, tmp_path: Path) -> None:
    done = run("mail", "explain", "--own", "Bob@Client.test", str(mail), home=tmp_path / "home")
    assert json.loads(done.stdout)["rules"] == ["own-address"]


def test_the_help_names_every_field(tmp_path: Path) -> None:
    done = run("mail", "explain", "--help", home=tmp_path / "home")
    assert done.returncode == 0
    assert [field for field in sorted(FIELDS) if field not in done.stdout] == []
