"""Real documents and captured exchanges, kept outside the project, found through ETABLI_CORPUS."""

import os
from dataclasses import dataclass
from pathlib import Path

import pytest


def corpus() -> Path:
    """The folder of GLPI data, or a skip that says why."""
    root = os.environ.get("ETABLI_CORPUS")
    if not root:
        pytest.skip("ETABLI_CORPUS is not set: no real inventories to read")
    folder = Path(root) / "glpi"
    if not folder.is_dir():
        pytest.skip(f"ETABLI_CORPUS has no folder glpi ({folder})")
    return folder


@dataclass(frozen=True)
class Exchange:
    """A captured request and the answer it got."""

    name: str
    request_line: str
    headers: dict[str, str]
    body: bytes
    status: int
    answer: str

    @property
    def is_message(self) -> bool:
        """Whether it is a message of the inventory dialogue (not a REST call, a form or a token)."""
        verb, address, _ = self.request_line.split(" ", 2)
        if verb != "POST" or "/api.php/token" in address or "?" in address:
            return False
        return "/fileparts/" not in address


def exchanges() -> list[Exchange]:
    """Every captured exchange that holds text."""
    found = [_exchange(path) for path in sorted((corpus() / "captures").glob("*/*.txt"))]
    return [exchange for exchange in found if exchange is not None]


def _exchange(path: Path) -> Exchange | None:
    head, mark, rest = path.read_bytes().partition(b"\n\n-- body ")
    if not mark:
        return None
    request_line, *lines = head.decode().splitlines()
    body, _, answer = rest.partition(b"\n")[2].partition(b"\n== answer ")
    status, _, told = answer.decode(errors="replace").partition("\n")
    return Exchange(
        name=f"{path.parent.name}/{path.name}",
        request_line=request_line,
        headers=dict(line.split(": ", 1) for line in lines if ": " in line),
        body=body,
        status=int(status.split()[0]),
        answer=told.partition("\n")[2].strip(),
    )
