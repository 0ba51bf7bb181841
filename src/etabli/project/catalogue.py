"""The French catalogue: gathered from the sources by Django's own command, compiled when a text changed,
checked.

Each domain has its ``locale/fr/LC_MESSAGES/django.po``; only these are kept, the compiled form is made at
start.
"""

import ast
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from babel.messages.catalog import Catalog

PACKAGE = Path(__file__).resolve().parents[1]
MARKS = {"_", "gettext", "gettext_lazy", "ngettext", "sentence"}
DOMAINS = ("kernel", "web", "people", "assets", "inventory", "support", "project")
TEXTS = Path("locale/fr/LC_MESSAGES/django.po")


def compile_stale() -> None:
    """Compile each catalogue whose text is newer than its compiled form; atomic, safe for two starts at
    once.
    """
    for domain in DOMAINS:
        text = PACKAGE / domain / TEXTS
        made = text.with_suffix(".mo")
        if not text.exists() or (made.exists() and made.stat().st_mtime >= text.stat().st_mtime):
            continue
        from babel.messages.mofile import write_mo  # only when there is something to compile

        catalogue = read(text)
        try:
            with tempfile.NamedTemporaryFile(dir=text.parent, delete=False) as target:
                write_mo(target, catalogue)
        except PermissionError:
            continue  # an installed package is not ours to write: it came with its compiled form
        os.chmod(target.name, 0o644)
        os.replace(target.name, made)


def read(file: Path) -> "Catalog":
    """The messages of a catalogue's text."""
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        return read_po(source, locale="fr", domain="django")


def gather(package: Path = PACKAGE) -> None:
    """Bring the catalogues up to date with the sources; needs GNU gettext."""
    for domain in DOMAINS:
        (package / domain / TEXTS).parent.mkdir(parents=True, exist_ok=True)
        environment = {
            **os.environ,
            "PYTHONPATH": str(PACKAGE.parent),
            "DJANGO_SETTINGS_MODULE": "etabli.project.settings",
        }
        words = [
            "makemessages",
            "-l",
            "fr",
            "--no-location",
            "--no-wrap",
            "--no-obsolete",
            "-i",
            "tests",
            "-i",
            "node_modules",
            "-v",
            "0",
        ]
        subprocess.run(  # noqa: S603
            [sys.executable, "-P", "-W", "ignore", "-m", "django", *words],
            cwd=package / domain,
            env=environment,
            check=True,
        )


def check() -> Iterator[str]:
    """A sentence for each message of the sources that has no French, an uncertain one, or breaks its
    placeholders.
    """
    if shutil.which("xgettext") is None:
        yield "GNU gettext is absent: the catalogue cannot be checked. Install the package gettext."
        return
    with tempfile.TemporaryDirectory() as place:
        copy = Path(place) / "etabli"
        ignored = shutil.ignore_patterns("vendor", "__pycache__", "*.mo", "tests", "geodata")
        shutil.copytree(PACKAGE, copy, ignore=ignored)
        gather(copy)
        for domain in DOMAINS:
            yield from _problems(domain, copy / domain / TEXTS)
    for file in PACKAGE.rglob("*.py"):
        yield from _unseen(file)


def _unseen(file: Path) -> Iterator[str]:
    """Messages inside an f-string: xgettext does not see them."""
    for text in ast.walk(ast.parse(file.read_text())):
        for call in ast.walk(text) if isinstance(text, ast.JoinedStr) else ():
            if not isinstance(call, ast.Call):
                continue
            marked = isinstance(call.func, ast.Name) and call.func.id in MARKS
            if marked and call.args and isinstance(call.args[0], ast.Constant):
                yield f"{file.name}, line {call.lineno}: a message in an f-string is never gathered"


def _problems(domain: str, file: Path) -> Iterator[str]:
    catalogue = read(file)
    for message in catalogue:
        if not message.id:
            continue
        texts = message.string if isinstance(message.string, tuple | list) else [message.string]
        name = message.id if isinstance(message.id, str) else message.id[0]
        if message.fuzzy:
            yield f"{domain}: uncertain translation of “{name}”"
        elif not all(texts):
            yield f"{domain}: no French for “{name}”"
        yield from (f"{domain}: “{name}”: {error}" for error in message.check(catalogue))


if __name__ == "__main__":
    gather()
    compile_stale()
