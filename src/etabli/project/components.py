"""The real programs that tests talk to: the Debian packages that bring them, how to see them, and why.

A test names what it needs with ``@pytest.mark.component("chromium")``; :func:`pytest_runtest_setup` skips it
with the reason when absent, or fails it when ``ETABLI_REQUIRE=all``.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
UNPACKED = ROOT / "var" / "components"
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/local/sbin", "/usr/sbin", "/sbin"])


@dataclass(frozen=True)
class Component:
    """One program. ``seen`` are names on PATH, or paths below / (patterns allowed); one of them suffices.

    ``unpacked`` packages are extracted under ``var/components/<name>`` and never installed: as services of
    the machine they would start by themselves and send its inventory somewhere.
    """

    why: str
    seen: tuple[str, ...]
    packages: tuple[str, ...] = ()
    unpacked: tuple[str, ...] = ()


_AGENT_MODULES = (
    "libcrypt-ssleay-perl",
    "libhttp-daemon-perl",
    "libio-socket-ssl-perl",
    "libnet-ip-perl",
    "libnet-netmask-perl",
    "libproc-daemon-perl",
    "libwww-perl",
    "libxml-simple-perl",
    "libxml-xpath-perl",
    "dmidecode",
    "pciutils",
    "usbutils",
)
_FUSION_MODULES = (
    "libcrypt-des-perl",
    "libdigest-hmac-perl",
    "libfile-copy-recursive-perl",
    "libfile-which-perl",
    "libnet-cups-perl",
    "libnet-nbname-perl",
    "libnet-snmp-perl",
    "libparallel-forkmanager-perl",
    "libparse-edid-perl",
    "libtext-template-perl",
    "libuniversal-require-perl",
    "libxml-treepp-perl",
    "libyaml-perl",
    "libyaml-tiny-perl",
)

COMPONENTS: dict[str, Component] = {
    "chromium": Component(
        "drives the pages as a person does", ("chromium", "chromium-browser"), ("chromium",)
    ),
    "gettext": Component("builds the French catalogue", ("msgfmt",), ("gettext",)),
    "postgresql": Component(
        "an external server, as DATABASE_URL names it",
        ("/usr/lib/postgresql/*/bin/postgres",),
        ("postgresql",),
    ),
    "fusioninventory-agent": Component(
        "the FusionInventory agent speaks to our server",
        ("{unpacked}/usr/bin/fusioninventory-agent",),
        (*_AGENT_MODULES, *_FUSION_MODULES),
        (
            "fusioninventory-agent",
            "fusioninventory-agent-task-deploy",
            "fusioninventory-agent-task-network",
        ),
    ),
    "sshd": Component(
        "a server is read by SSH, as an administrator would",
        ("{unpacked}/usr/sbin/sshd",),
        ("libwrap0", "openssh-client", "sudo"),
        ("openssh-server",),
    ),
    "dovecot": Component(
        "a mail server is read by IMAP, as those of companies are",
        ("dovecot",),
        ("dovecot-imapd", "dovecot-lmtpd"),
    ),
    "ocsinventory-agent": Component(
        "the OCS Inventory agent speaks to our server",
        ("{unpacked}/usr/bin/ocsinventory-agent", "{unpacked}/usr/sbin/ocsinventory-agent"),
        tuple(_AGENT_MODULES),
        ("ocsinventory-agent",),
    ),
}


def place(name: str) -> Path:
    """Where an unpacked component lies: ``usr/bin``, ``usr/share``… below it."""
    return UNPACKED / name


def present(name: str) -> bool:
    """Whether a component of the table can be used; KeyError for a name that is not in it."""
    return any(_seen(name, sign) for sign in COMPONENTS[name].seen) and not (
        COMPONENTS[name].unpacked and _absent_packages(COMPONENTS[name].packages)
    )


def missing(names: Iterable[str] = COMPONENTS) -> list[str]:
    """Those that cannot be used."""
    return [name for name in names if not present(name)]


def reason(name: str) -> str:
    """Why a test cannot run without it, and what to type."""
    wanted = " ".join((*COMPONENTS[name].packages, *COMPONENTS[name].unpacked))
    return f"{name} is absent ({COMPONENTS[name].why}); ./etabli test as root installs it: {wanted}"


def required() -> bool:
    """Whether an absent component is a failure (continuous integration) rather than a skip."""
    return os.environ.get("ETABLI_REQUIRE") == "all"


def pytest_runtest_setup(item: Any) -> None:
    """Skip or fail a test whose component is absent; to be imported by the project's conftest."""
    import pytest

    names = [name for mark in item.iter_markers("component") for name in mark.args]
    for name in missing(names):
        (pytest.fail if required() and offered(name) else pytest.skip)(reason(name))


@cache
def offered(name: str) -> bool:
    """Whether this system could have it: some releases of Debian lack a package, which nobody can mend.

    Lists of packages that were never fetched prove nothing: gettext, in every release, tells.
    """
    wanted = {*COMPONENTS[name].packages, *COMPONENTS[name].unpacked}
    return not debian() or wanted <= available(wanted) or not available(["gettext"])


def debian() -> bool:
    """Whether packages come from apt here."""
    return shutil.which("apt-get", path=_PATH) is not None


def available(packages: Iterable[str]) -> set[str]:
    """Those of the packages that apt has a version of."""
    wanted = sorted(set(packages))
    if not wanted:
        return set()
    environment = {**os.environ, "LC_ALL": "C"}
    command = ["apt-cache", "policy", *wanted]
    printed = subprocess.run(command, env=environment, capture_output=True, text=True, check=False).stdout  # noqa: S603
    found, name = set(), ""
    for line in printed.splitlines():
        if not line.startswith(" "):
            name = line.rstrip(":")
        elif "Candidate:" in line and "(none)" not in line:
            found.add(name)
    return found


def _seen(name: str, sign: str) -> bool:
    if "/" not in sign:
        return shutil.which(sign, path=_PATH) is not None
    pattern = sign.format(unpacked=place(name)).lstrip("/")
    return any(Path("/").glob(pattern))


@cache
def _installed() -> frozenset[str]:
    command = ["dpkg-query", "-W", "-f", "${Package} ${db:Status-Status}\n"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    return frozenset(line.split()[0] for line in done.stdout.splitlines() if line.endswith(" installed"))


def _absent_packages(packages: Iterable[str]) -> list[str]:
    if shutil.which("dpkg-query", path=_PATH) is None:
        return []
    return [package for package in packages if package not in _installed()]


def forget() -> None:
    """Look again, after an installation."""
    _installed.cache_clear()
    offered.cache_clear()
