"""What lives on an asset, as its last inventory says: accounts, protections, licences, guests, databases."""

import re

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from .components import Component


class LocalUser(Component):
    """An account that exists on the machine alone."""

    login = models.CharField(_("login"), max_length=120)
    number = models.CharField(_("identifier"), max_length=120, blank=True)
    name = models.CharField(_("full name"), max_length=160, blank=True)
    shell = models.CharField(_("shell"), max_length=160, blank=True)
    home = models.CharField(_("home directory"), max_length=200, blank=True)

    def __str__(self) -> str:
        return self.login


class LocalGroup(Component):
    """A group of the machine, with its members as the machine names them."""

    name = models.CharField(_("name"), max_length=160)
    number = models.CharField(_("identifier"), max_length=120, blank=True)
    members = ArrayField(models.CharField(max_length=160), default=list, verbose_name=_("members"))

    def __str__(self) -> str:
        return self.name


class Antivirus(Component):
    name = models.CharField(_("name"), max_length=160)
    company = models.CharField(_("publisher"), max_length=120, blank=True)
    release = models.CharField(_("version"), max_length=80, blank=True)
    enabled = models.BooleanField(_("active"), null=True)
    up_to_date = models.BooleanField(_("up to date"), null=True)
    expires_on = models.DateField(_("expires on"), null=True)

    def __str__(self) -> str:
        return self.name


class Firewall(Component):
    """A firewall of the machine, or one of its profiles."""

    name = models.CharField(_("name"), max_length=120, blank=True)
    profile = models.CharField(_("profile"), max_length=80, blank=True)
    enabled = models.BooleanField(_("active"), null=True)

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.profile) if part)


# Addresses that the programs themselves register on the technician's machine.
REMOTE_LINKS = {
    "anydesk": "anydesk:{}",
    "rustdesk": "rustdesk://{}",
    "supremo": "supremo:{}",
    "teamviewer": "teamviewer10://control?device={}",
}
_REMOTE_ID = re.compile(r"[0-9A-Za-z@._-]{1,80}")


class RemoteAccess(Component):
    """A remote control program installed there, and the number it answers to."""

    kind = models.CharField(_("program"), max_length=60)
    number = models.CharField(_("identifier"), max_length=120)
    release = models.CharField(_("version"), max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.kind} {self.number}"

    @property
    def link(self) -> str:
        """An address that opens the technician's own program on this machine; empty when there is none."""
        address = REMOTE_LINKS.get(self.kind.lower())
        bare = self.number.replace(" ", "")
        return address.format(bare) if address and _REMOTE_ID.fullmatch(bare) else ""


class FoundLicence(Component):
    """A licence key found on the machine: only its last signs are ever kept."""

    name = models.CharField(_("product"), max_length=200)
    edition = models.CharField(_("edition"), max_length=200, blank=True)
    product_number = models.CharField(_("product identifier"), max_length=120, blank=True)
    key_end = models.CharField(_("key"), max_length=20, blank=True)
    trial = models.BooleanField(_("trial"), null=True)
    activated_at = models.DateTimeField(_("activated on"), null=True)

    def __str__(self) -> str:
        return self.edition or self.name


class HostedMachine(Component):
    """A virtual machine or container that the asset hosts; ``uuid`` is the one its own inventory tells."""

    name = models.CharField(_("name"), max_length=160)
    uuid = models.CharField(_("UUID"), max_length=64, blank=True)
    kind = models.CharField(_("hypervisor"), max_length=60, blank=True)
    status = models.CharField(_("state"), max_length=30, blank=True)
    system = models.CharField(_("operating system"), max_length=120, blank=True)
    memory_mib = models.PositiveBigIntegerField(_("memory"), null=True)
    processors = models.PositiveIntegerField(_("processors"), null=True)
    mac = models.CharField(_("MAC address"), max_length=200, blank=True)

    def __str__(self) -> str:
        return self.name


class DatabaseService(Component):
    """A database service that runs there, with the databases it holds."""

    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(_("type"), max_length=60, blank=True)
    release = models.CharField(_("version"), max_length=80, blank=True)
    manufacturer = models.CharField(_("manufacturer"), max_length=80, blank=True)
    port = models.PositiveIntegerField(_("port"), null=True)
    size_mib = models.PositiveBigIntegerField(_("size (MiB)"), null=True)
    active = models.BooleanField(_("active"), null=True)
    backed_up = models.BooleanField(_("backed up"), null=True)
    backed_up_at = models.DateTimeField(_("last backup"), null=True)
    databases = ArrayField(models.CharField(max_length=120), default=list, verbose_name=_("databases"))

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.release) if part)
