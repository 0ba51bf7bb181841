"""What people add to any object: tags, notes, files, and links to other objects."""

from contextlib import suppress
from dataclasses import dataclass
from typing import IO, Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ProtectedError, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import files
from .actors import Actor, can, require
from .events import publish
from .files import File
from .tenancy import Noun, OrganisationModel


class Tag(Noun):
    """A word an organisation sorts its objects with."""

    name = models.CharField(gettext_lazy("name"), max_length=40)
    colour = models.PositiveSmallIntegerField(gettext_lazy("colour"), default=1)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("tag"), gettext_lazy("tags")
        constraints = [
            models.UniqueConstraint("organisation", models.functions.Lower("name"), name="tag_name_once"),
        ]

    def __str__(self) -> str:
        return self.name


class OnObject(models.Model):
    """Something that hangs on an object named by its noun and id, checked when it is written."""

    noun = models.CharField(max_length=60, editable=False)
    object_id = models.BigIntegerField(editable=False)

    class Meta:
        abstract = True


class Tagging(OnObject, OrganisationModel):
    """A tag on an object."""

    tag = models.ForeignKey(Tag, models.CASCADE, related_name="taggings", verbose_name=gettext_lazy("tag"))

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("tag of an object"), gettext_lazy("tags of objects")
        constraints = [
            models.UniqueConstraint(fields=["organisation", "noun", "object_id", "tag"], name="tagging_once"),
        ]

    def __str__(self) -> str:
        return str(self.tag)


class Note(OnObject, Noun):
    """A remark on an object, in Markdown."""

    text = models.TextField(gettext_lazy("text"))
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, editable=False, related_name="+"
    )
    author = models.CharField(gettext_lazy("author"), max_length=120, editable=False)
    pinned = models.BooleanField(gettext_lazy("pinned on top"), default=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("note"), gettext_lazy("notes")
        indexes = [models.Index(fields=["organisation", "noun", "object_id"], name="note_of_object")]
        ordering = ["-pinned", "-id"]

    def __str__(self) -> str:
        return self.text.strip().split("\n", 1)[0][:80]


class Attachment(OnObject, OrganisationModel):
    """A file on an object."""

    file = models.ForeignKey(
        File, models.PROTECT, related_name="attachments", verbose_name=gettext_lazy("file")
    )
    created_at = models.DateTimeField(gettext_lazy("added on"), auto_now_add=True)
    author = models.CharField(gettext_lazy("added by"), max_length=120, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("attachment"), gettext_lazy("attachments")
        indexes = [models.Index(fields=["organisation", "noun", "object_id"], name="attachment_of_object")]

    def __str__(self) -> str:
        return str(self.file)


class Link(OnObject, OrganisationModel):
    """A relation between two objects, stored once: ``noun`` and ``object_id`` are where it starts from."""

    relation = models.CharField(gettext_lazy("relation"), max_length=40, default="related")
    other_noun = models.CharField(max_length=60, editable=False)
    other_id = models.BigIntegerField(editable=False)
    created_at = models.DateTimeField(gettext_lazy("added on"), auto_now_add=True)
    author = models.CharField(gettext_lazy("added by"), max_length=120, editable=False)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("link"), gettext_lazy("links")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "noun", "object_id", "relation", "other_noun", "other_id"],
                name="link_once",
            ),
            models.CheckConstraint(
                condition=~models.Q(noun=models.F("other_noun"), object_id=models.F("other_id")),
                name="link_between_two_objects",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "other_noun", "other_id"], name="link_other_end")]

    def __str__(self) -> str:
        return f"{self.noun} {self.object_id} {self.relation} {self.other_noun} {self.other_id}"


class NoSuchObject(LookupError):
    """There is no such object, or none this person may see; the message says so."""


def target(noun: str, object_id: int, *, actor: Actor, act: str = "view") -> Any:
    """The object of this noun and id, if the actor may see it (or ``act``); else :class:`NoSuchObject`."""
    from .screens import by_noun

    screen = by_noun(noun)
    obj = screen.rows(actor, act).filter(pk=object_id).first() if screen else None
    # The rows of a screen are those of the organisations in scope; the right on this very one is asked here.
    if screen is None or obj is None or not can(actor, screen.verb(act), organisation_of(obj)):
        raise NoSuchObject(_("This object does not exist, or you may not see it."))
    return obj


def organisation_of(obj: Any) -> int:
    """The id of the organisation an object belongs to, or is."""
    return int(obj.pk if noun_of(obj) == "organisation" else obj.organisation_id)


def noun_of(obj: models.Model) -> str:
    return str(obj._meta.model_name)


def on(obj: models.Model) -> dict[str, Any]:
    """The filter of what hangs on an object: ``Note.objects.filter(**on(asset))``."""
    return {"organisation_id": organisation_of(obj), "noun": noun_of(obj), "object_id": obj.pk}


@transaction.atomic
def tag(obj: Any, tag: Tag, *, actor: Actor) -> Tagging:
    """Put a tag of the same organisation on an object; once is enough."""
    _require_on(obj, actor, "tagging.add")
    if tag.organisation_id != organisation_of(obj):
        raise ValidationError(_("The tag “%(tag)s” belongs to another organisation.") % {"tag": tag})
    tagging, new = Tagging.objects.get_or_create(tag=tag, **on(obj))
    if new:
        publish(obj, f"{noun_of(obj)}.tagged", actor=actor, extra={"tag": {"id": tag.pk, "text": tag.name}})
    return tagging


@transaction.atomic
def untag(obj: Any, tag: Tag, *, actor: Actor) -> None:
    """Take a tag off an object."""
    _require_on(obj, actor, "tagging.delete")
    removed, _kinds = Tagging.objects.filter(tag=tag, **on(obj)).delete()
    if removed:
        publish(obj, f"{noun_of(obj)}.untagged", actor=actor, extra={"tag": {"id": tag.pk, "text": tag.name}})


@transaction.atomic
def note(obj: Any, text: str, *, actor: Actor, pinned: bool = False) -> Note:
    """Write a remark (Markdown) on an object."""
    _require_on(obj, actor, "note.add")
    if not text.strip():
        raise ValidationError(_("The note is empty: write something."))
    made = Note.objects.create(
        text=text.strip(), account_id=actor.account_id, author=actor.label[:120], pinned=pinned, **on(obj)
    )
    publish(obj, f"{noun_of(obj)}.noted", actor=actor, extra={"note": made.pk, "text": made.text[:500]})
    return made


@transaction.atomic
def attach(obj: Any, content: IO[bytes] | bytes, *, name: str, actor: Actor) -> Attachment:
    """Keep a file on an object; raises :class:`files.FileTooLarge`."""
    _require_on(obj, actor, "attachment.add")
    file = files.store(content, name=name, actor=actor, organisation=organisation_of(obj))
    made = Attachment.objects.create(file=file, author=actor.label[:120], **on(obj))
    publish(obj, f"{noun_of(obj)}.attached", actor=actor, extra={"attachment": made.pk, "file": file.name})
    return made


@transaction.atomic
def detach(attachment: Attachment, *, actor: Actor) -> None:
    """Take a file off its object; its row goes too when nothing else shows it."""
    obj = target(attachment.noun, attachment.object_id, actor=actor)
    require(actor, "attachment.delete", attachment)
    file, extra = attachment.file, {"attachment": attachment.pk, "file": attachment.file.name}
    attachment.delete()
    with suppress(ProtectedError), transaction.atomic():
        file.delete()
    publish(obj, f"{noun_of(obj)}.detached", actor=actor, extra=extra)


@dataclass(frozen=True)
class Relation:
    """A relation word, as read from the object it starts from and from the other one."""

    key: str
    forward: Any
    backward: Any


relations: dict[str, Relation] = {}


def declare_relation(key: str, forward: Any, backward: Any) -> None:
    """Make a relation word exist: ``declare_relation("depends", _("depends on"), _("is needed by"))``."""
    relations[key] = Relation(key, forward, backward)


declare_relation("related", gettext_lazy("is linked to"), gettext_lazy("is linked to"))
declare_relation("depends", gettext_lazy("depends on"), gettext_lazy("is needed by"))
declare_relation("replaces", gettext_lazy("replaces"), gettext_lazy("is replaced by"))
declare_relation("causes", gettext_lazy("causes"), gettext_lazy("is caused by"))
declare_relation("duplicates", gettext_lazy("duplicates"), gettext_lazy("is duplicated by"))


@transaction.atomic
def link(obj: Any, other: Any, *, actor: Actor, relation: str = "related") -> Link:
    """Relate two objects of one organisation; a symmetric relation is stored once from whichever end."""
    _require_on(obj, actor, "link.add")
    _require_on(other, actor, "link.add")
    if relation not in relations:
        raise ValidationError(_("“%(relation)s” is not a relation.") % {"relation": relation})
    if organisation_of(obj) != organisation_of(other):
        raise ValidationError(_("“%(other)s” belongs to another organisation.") % {"other": other})
    if on(obj) == on(other):
        raise ValidationError(_("An object is not linked to itself."))
    symmetric = relations[relation].forward == relations[relation].backward
    reverse = Link.objects.filter(relation=relation, **_ends(other, obj)).first() if symmetric else None
    made, new = (
        (reverse, False)
        if reverse
        else Link.objects.get_or_create(
            relation=relation, **_ends(obj, other), defaults={"author": actor.label[:120]}
        )
    )
    if new:
        _tell_both(obj, other, relation, "linked", actor)
    return made


@transaction.atomic
def unlink(made: Link, *, actor: Actor) -> None:
    """Remove a link; both ends must be visible to the actor."""
    obj = target(made.noun, made.object_id, actor=actor)
    other = target(made.other_noun, made.other_id, actor=actor)
    require(actor, "link.delete", made)
    made.delete()
    _tell_both(obj, other, made.relation, "unlinked", actor)


@dataclass(frozen=True)
class LinkEnd:
    """A link read from one object: what it is to the other one, which is named by its noun and id."""

    link: Link
    label: Any
    noun: str
    object_id: int


def links_of(obj: models.Model) -> list[LinkEnd]:
    """The links of an object, from whichever end they were written."""
    here = on(obj)
    starts = Q(noun=here["noun"], object_id=here["object_id"])
    ends = Q(other_noun=here["noun"], other_id=here["object_id"])
    rows = Link.objects.filter(starts | ends, organisation=here["organisation_id"]).order_by("id")
    return [_read_from(row, here) for row in rows]


def tags_of(obj: models.Model) -> models.QuerySet[Tag]:
    """The tags of an object, by name."""
    ids = Tagging.objects.filter(**on(obj)).values("tag")
    return Tag.objects.filter(organisation=organisation_of(obj), pk__in=ids).order_by("name")


def _read_from(row: Link, here: dict[str, Any]) -> LinkEnd:
    relation = relations.get(row.relation, Relation(row.relation, row.relation, row.relation))
    if (row.noun, row.object_id) == (here["noun"], here["object_id"]):
        return LinkEnd(row, relation.forward, row.other_noun, row.other_id)
    return LinkEnd(row, relation.backward, row.noun, row.object_id)


def _ends(obj: models.Model, other: models.Model) -> dict[str, Any]:
    return {**on(obj), "other_noun": noun_of(other), "other_id": other.pk}


def _tell_both(obj: Any, other: Any, relation: str, act: str, actor: Actor) -> None:
    for end, far in ((obj, other), (other, obj)):
        extra = {"relation": relation, "to": {"noun": noun_of(far), "id": far.pk, "text": str(far)}}
        publish(end, f"{noun_of(end)}.{act}", actor=actor, extra=extra)


def _require_on(obj: Any, actor: Actor, verb: str) -> None:
    """The verb and the right to see the object, in the object's organisation."""
    require(actor, f"{noun_of(obj)}.view", organisation_of(obj))
    require(actor, verb, organisation_of(obj))
