"""``lock``: chooses the versions of the Python packages again: names, versions, hashes, never addresses."""

import re
import shutil
import subprocess
from pathlib import Path
from typing import Annotated

import typer

from ..components import ROOT
from .language import _
from .outcome import Failure
from .terminal import say

_OPTIONS = ("--universal", "--generate-hashes", "--python-version", "3.12", "--no-emit-index-url")
_ADDRESS = re.compile(r"https?://|--(extra-)?index-url|--find-links| @ ", re.IGNORECASE)


def lock(
    upgrade: Annotated[bool, typer.Option("--upgrade", help=_("Take newer versions"))] = False,
) -> None:
    """Resolve pyproject.toml into the two requirements files; --upgrade takes newer versions."""
    newer = ("--upgrade",) if upgrade else ()
    _compile("requirements.lock", *newer)
    _compile("requirements-dev.lock", *newer, "--group", "dev", "--constraints", "requirements.lock")


def _compile(name: str, *options: str) -> None:
    command = [_uv(), "pip", "compile", "-q", *_OPTIONS, "--custom-compile-command", "./etabli lock"]
    done = subprocess.run([*command, *options, "pyproject.toml", "-o", name], cwd=ROOT, stdout=2, check=False)  # noqa: S603
    if done.returncode:
        raise Failure(
            _("The versions for {name} could not be chosen; the reason is above.").format(name=name)
        )
    check(ROOT / name)
    say(_("{name} is up to date.").format(name=name))


def check(path: Path) -> None:
    """Refuse a lock file that says where packages come from. Raises Failure with the line."""
    for number, line in addresses(path):
        text = _("{name}, line {number}, holds an address: {line}")
        raise Failure(text.format(name=path.name, number=number, line=line))


def addresses(path: Path) -> list[tuple[int, str]]:
    """The lines of a lock file that say where packages come from, with their numbers."""
    lines = enumerate(path.read_text().splitlines(), 1)
    return [(number, line) for number, line in lines if _ADDRESS.search(line)]


def _uv() -> str:
    ours = ROOT / "var" / "uv" / "bin" / "uv"
    found = shutil.which("uv") or (str(ours) if ours.exists() else None)
    if found is None:
        raise Failure(_("uv is not installed. Type: pipx install uv"))
    return found
