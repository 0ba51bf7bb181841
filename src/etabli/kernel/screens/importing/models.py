"""An import as a row: which file, read how, what it would do, what it did."""

import uuid

from django.db import models
from django.utils.translation import gettext_lazy as _

from ...files import File
from ...tenancy import OrganisationModel


class Import(OrganisationModel):
    """A file on its way into a list. Nothing is written before ``committed``; ``batch`` marks its events for
    undo.
    """

    class State(models.TextChoices):
        MAPPING = "mapping", _("columns to match")
        CHECKING = "checking", _("being checked")
        READY = "ready", _("ready")
        WRITING = "writing", _("being written")
        DONE = "done", _("imported")
        UNDONE = "undone", _("undone")

    slug = models.CharField(max_length=60)
    file = models.ForeignKey(File, models.PROTECT)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.MAPPING)
    header = models.JSONField(default=list)
    samples = models.JSONField(default=list)
    mapping = models.JSONField(default=dict)
    create_missing = models.BooleanField(
        _("create what the file names and that does not exist"), default=True
    )
    counts = models.JSONField(default=dict)
    preview = models.JSONField(default=list)
    batch = models.UUIDField(default=uuid.uuid4, unique=True)
    account_id = models.BigIntegerField(null=True)
    actor = models.CharField(_("by"), max_length=120)
    at = models.DateTimeField(_("on"), auto_now_add=True)
    job = models.ForeignKey("kernel.Job", models.SET_NULL, null=True)

    class Meta:
        verbose_name, verbose_name_plural = _("import"), _("imports")

    def __str__(self) -> str:
        return self.file.name
