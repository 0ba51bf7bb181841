"""Real mails, kept outside the project, found through ETABLI_CORPUS; and mails written here."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from etabli.support.mail.message import Mail
from etabli.support.mail.reading import read


def folder(name: str) -> Path:
    """A folder of the corpus, or a skip that says why."""
    root = os.environ.get("ETABLI_CORPUS")
    if not root:
        pytest.skip("ETABLI_CORPUS is not set: no real mails to read")
    place = Path(root) / name
    if not place.is_dir():
        pytest.skip(f"ETABLI_CORPUS has no folder {name} ({place})")
    return place


def real(name: str) -> bytes:
    """A mail of the corpus, by the name of its folder and file."""
    return (folder("mail") / name).read_bytes()


@cache
def every_mail() -> list[Path]:
    return sorted(path for path in folder("mail").glob("*/*") if path.is_file())


def reply_vectors() -> list[dict[str, Any]]:
    return json.loads((folder("servicedesk") / "reply_vectors_fr.json").read_text())["cases"]


def written(body: str = "Bonjour", **headers: str) -> Mail:
    """A mail with these headers ("in_reply_to" for In-Reply-To), from Bob unless told otherwise."""
    return read(wire(body, **headers))


def wire(body: str | bytes = "Bonjour", **headers: str) -> bytes:
    given = {
        "from": "Bob Martin <bob@client.test>",
        "to": "support@etabli.test",
        "subject": "Imprimante",
        **headers,
    }
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in given.items())
    return head.encode() + b"\r\n" + (body.encode() if isinstance(body, str) else body)
