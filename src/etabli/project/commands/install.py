"""Brings the components that tests need: installs when root on Debian or Ubuntu, else says what to type."""

import os
import shutil
import subprocess
from pathlib import Path

from .. import components
from ..components import COMPONENTS
from .language import _
from .terminal import say


def install_components() -> list[str]:
    """Install what is missing when allowed to; returns the names still missing."""
    absent = components.missing()
    if absent and components.debian():
        (_install if os.geteuid() == 0 else _unpack_only)(absent)
        components.forget()
        absent = components.missing(absent)
    if absent:
        _tell(absent)
    return absent


def _install(absent: list[str]) -> None:
    packages = {package for name in absent for package in COMPONENTS[name].packages}
    say(_("Installing what the tests need: {names}…").format(names=", ".join(absent)))
    if not _apt("update", "-qq"):
        say(_("The list of packages could not be refreshed; trying with the one there is."))
    wanted = sorted(components.available(packages))
    if wanted and not _apt("install", "-y", "-qq", "--no-install-recommends", *wanted):
        for package in wanted:  # one package in trouble must not keep the others away
            _apt("install", "-y", "-qq", "--no-install-recommends", package)
    _unpack_only(absent)


def _unpack_only(absent: list[str]) -> None:
    for name in absent:
        if packages := components.available(COMPONENTS[name].unpacked):
            _unpack(name, sorted(packages))


def _unpack(name: str, packages: list[str]) -> None:
    """Download and extract beside, then rename: half an agent is worse than none."""
    target = components.place(name)
    fresh = target.with_name(f"{name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(parents=True)
    if not _apt("download", "-qq", *packages, cwd=fresh):
        shutil.rmtree(fresh)
        return
    for archive in fresh.glob("*.deb"):
        command = ["dpkg", "-x", str(archive), str(fresh)]
        subprocess.run(command, check=True)  # noqa: S603
        archive.unlink()
    shutil.rmtree(target, ignore_errors=True)
    fresh.rename(target)


def _apt(*words: str, cwd: Path | None = None) -> bool:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C"}
    command = ["apt-get", *words]
    # stdout carries our table; apt's chatter is progress
    return subprocess.run(command, env=environment, cwd=cwd, stdout=2, check=False).returncode == 0  # noqa: S603


def _tell(absent: list[str]) -> None:
    for name in absent:
        say(_("Absent: {name} ({why})").format(name=name, why=COMPONENTS[name].why))
    if components.debian() and os.geteuid() != 0:
        packages = sorted({package for name in absent for package in COMPONENTS[name].packages})
        say(_("To have it, type: sudo apt install {packages}").format(packages=" ".join(packages)))
