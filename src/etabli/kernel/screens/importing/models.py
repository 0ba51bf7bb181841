"""An import as a row: which file, read how, what it would do, what it did; and the mappings remembered."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from ...files import File
from ...tenancy import OrganisationModel


class Import(OrganisationModel):
    """A file on its way into the lists. Nothing is written before ``done``; ``batch`` marks its events for
    undo.

    ``parts`` are its tables, in the order they are written, each ``{slug, title, header, samples, mapping,
    words, days, total}``: ``mapping`` holds a target for each column (empty: left out), ``words`` what the
    words of the file mean (target → word → value), ``days`` the order of dates (``dmy``, ``mdy``, empty: as
    the column tells). ``findings`` is what the check noticed: ``also`` (what else would be created),
    ``unknown`` (words without a meaning), ``remarks`` (sentences).
    """

    class State(models.TextChoices):
        MAPPING = "mapping", _("columns to match")
        CHECKING = "checking", _("being checked")
        READY = "ready", _("ready")
        WRITING = "writing", _("being written")
        DONE = "done", _("imported")
        UNDONE = "undone", _("undone")

    slug = models.CharField(max_length=60)
    source = models.CharField(_("from"), max_length=40, default="sheet")
    file = models.ForeignKey(File, models.PROTECT)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.MAPPING)
    parts = models.JSONField(default=list)
    create_missing = models.BooleanField(
        _("create what the file names and that does not exist"), default=True
    )
    leave_out = models.BooleanField(_("leave out the lines in error"), default=False)
    counts = models.JSONField(default=dict)
    preview = models.JSONField(default=list)
    findings = models.JSONField(default=dict)
    batch = models.UUIDField(default=uuid.uuid4, unique=True)
    account_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("by"), max_length=120)
    at = models.DateTimeField(_("on"), auto_now_add=True)
    job = models.ForeignKey("kernel.Job", models.SET_NULL, null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("import"), _("imports")

    def __str__(self) -> str:
        return self.file.name


class ImportMapping(OrganisationModel):
    """How an organisation matched the columns of a kind of file, for the next one with the same header.

    ``signature``: SHA-256 of the header's plain titles, in order.
    """

    slug = models.CharField(max_length=60)
    source = models.CharField(max_length=40)
    signature = models.CharField(max_length=64)
    mapping = models.JSONField(default=list)
    words = models.JSONField(default=dict)
    days = models.CharField(max_length=3, blank=True)
    at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name, verbose_name_plural = _("column mapping"), _("column mappings")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "slug", "source", "signature"], name="import_mapping_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.source} · {self.slug}"
