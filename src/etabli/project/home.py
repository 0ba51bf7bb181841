"""Where everything the product writes lives: one data directory, and the few values read from it.

Order: ``ETABLI_HOME``, else ``var/`` of the checkout the package runs from, else the user's data directory.
"""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from etabli.kernel import localpg


class BadDatabaseUrl(ValueError):
    """``DATABASE_URL`` is not of the form ``postgresql://user:password@host:port/name``."""


def directory() -> Path:
    """The data directory; it may not exist yet."""
    if chosen := os.environ.get("ETABLI_HOME"):
        return Path(chosen).expanduser().resolve()
    checkout = Path(__file__).resolve().parents[3]
    if (checkout / "pyproject.toml").is_file():
        return checkout / "var"
    return Path(os.environ.get("XDG_DATA_HOME", "~/.local/share")).expanduser() / "etabli"


def secret(name: str) -> str:
    """A random value kept in a 0600 file of the data directory, made at first need."""
    path = directory() / name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        # Written beside, then linked: of two processes that start together, both read the one that came
        # first.
        with tempfile.NamedTemporaryFile("w", dir=path.parent, prefix=f".{name}.") as file:
            file.write(secrets.token_urlsafe(48))
            file.flush()
            with contextlib.suppress(FileExistsError):
                os.link(file.name, path)
    return path.read_text().strip()


def database() -> dict[str, object]:
    """Django's connection settings: ``DATABASE_URL`` when given, else the embedded PostgreSQL."""
    url = os.environ.get("DATABASE_URL", "")
    if not url:
        return {
            "NAME": "etabli",
            "USER": "etabli",
            "HOST": str(localpg.socket_directory(directory() / "postgres")),
        }
    parts = urlsplit(url)
    if parts.scheme not in ("postgres", "postgresql") or not parts.path.strip("/"):
        raise BadDatabaseUrl(
            "DATABASE_URL must look like postgresql://user:password@host:5432/name; "
            f"its scheme is “{parts.scheme}” and its database name “{parts.path.strip('/')}”."
        )
    options = dict(parse_qsl(parts.query))
    return {
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", "") or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "OPTIONS": options,
    }
