"""Saved views: the filters, columns and order of a list, kept under a name, for oneself or for everybody."""

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.db.models import Max, Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from .actors import Actor, require
from .events import publish
from .tenancy import Noun


class SavedView(Noun):
    """A list's query string under a name; shared with the organisation when ``account`` is empty."""

    screen = models.SlugField(gettext_lazy("list"), max_length=60)
    name = models.CharField(gettext_lazy("name"), max_length=80)
    query = models.CharField(gettext_lazy("filters"), max_length=2000, blank=True)
    account = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=gettext_lazy("owner"),
    )
    position = models.PositiveSmallIntegerField(gettext_lazy("order"), default=0)

    class Meta:
        verbose_name, verbose_name_plural = gettext_lazy("saved view"), gettext_lazy("saved views")
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "screen", "account", "name"],
                nulls_distinct=False,
                name="saved_view_once",
            )
        ]
        ordering = ["position", "name"]

    def __str__(self) -> str:
        return self.name


def views_of(screen: str, actor: Actor) -> models.QuerySet[SavedView]:
    """The views of a list (its slug) this actor sees: its own and the shared ones."""
    return SavedView.objects.filter(Q(account=None) | Q(account=actor.account_id), screen=screen)


@transaction.atomic
def save_view(
    screen: str, name: str, query: str, *, organisation: int, actor: Actor, shared: bool = False
) -> SavedView:
    """Keep the query string of a list under a name; the same name again replaces it."""
    if shared or actor.account_id is None:
        require(actor, "savedview.add", organisation)
    else:
        _require_member(actor, organisation)
    account_id = None if shared else actor.account_id
    mine = SavedView.objects.filter(organisation=organisation, screen=screen, account=account_id)
    view = mine.select_for_update().filter(name=name.strip()).first()
    act = "changed" if view else "created"
    if view is None:
        last = mine.aggregate(last=Max("position"))["last"]
        view = SavedView(
            organisation_id=organisation,
            screen=screen,
            account_id=account_id,
            name=name.strip(),
            position=0 if last is None else last + 1,
        )
    view.query = query.removeprefix("?")
    view.full_clean()
    view.save()
    publish(view, f"savedview.{act}", actor=actor)
    return view


@transaction.atomic
def rename_view(view: SavedView, name: str, *, actor: Actor) -> None:
    """Give a view another name; raises ``ValidationError`` when it is taken."""
    _require_on(view, actor, "savedview.change")
    before, view.name = view.name, name.strip()
    view.full_clean()
    view.save()
    publish(view, "savedview.changed", actor=actor, changes={"name": [before, view.name]})


@transaction.atomic
def delete_view(view: SavedView, *, actor: Actor) -> None:
    """Delete a view."""
    _require_on(view, actor, "savedview.delete")
    key = view.pk
    view.delete()
    view.pk = key
    publish(view, "savedview.deleted", actor=actor)


def _require_on(view: SavedView, actor: Actor, verb: str) -> None:
    """One's own views need no right; the shared ones need the verb; somebody else's are nobody's business."""
    if view.account_id is None:
        require(actor, verb, view)
    elif view.account_id != actor.account_id:
        raise PermissionDenied(_("This view belongs to somebody else."))


def _require_member(actor: Actor, organisation: int) -> None:
    if organisation not in actor.grants:
        raise PermissionDenied(_("You do not work in this organisation."))
