"""Finding anything from one box: an entry per object, written in the transaction of its change.

Text is kept plain (no accent, no capital) under a trigram index. PostgreSQL only uses that index under row-
level
security when ``textlike`` is marked leakproof, which the embedded database does and ``doctor`` checks
elsewhere.
"""

from collections.abc import Sequence
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models.functions import Length

from .tenancy import OrganisationModel
from .text import plain, words


class SearchEntry(OrganisationModel):
    """What the search box knows of an object."""

    noun = models.CharField(max_length=60)
    object_id = models.BigIntegerField()
    title = models.CharField(max_length=200)
    subtitle = models.CharField(max_length=200, blank=True)
    text = models.TextField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["noun", "object_id"], name="search_once")]
        indexes = [GinIndex(OpClass("text", name="gin_trgm_ops"), name="search_trigrams")]

    def __str__(self) -> str:
        return self.title


def refresh_many(objects: Sequence[Any]) -> None:
    """Write the entries of objects whose screens are searchable; the last state of each wins."""
    from .screens import registry
    from .screens.shared import is_shared

    entries = {}
    for obj in objects:
        screen = registry.get(type(obj))
        if screen is not None and screen.searchable and not is_shared(obj):
            entries[screen.noun, obj.pk] = entry_of(screen, obj)
    SearchEntry.objects.bulk_create(
        list(entries.values()),
        update_conflicts=True,
        unique_fields=["noun", "object_id"],
        update_fields=["title", "subtitle", "text", "organisation"],
    )


def forget(obj: models.Model) -> None:
    """Remove the entry of a deleted object."""
    SearchEntry.objects.filter(noun=obj._meta.model_name, object_id=obj.pk).delete()


def entry_of(screen: Any, obj: Any) -> SearchEntry:
    """The entry of an object, not saved: also used to write many at once."""
    title, subtitle, text = screen.search_text(obj)
    organisation_id = obj.pk if screen.noun == "organisation" else obj.organisation_id
    return SearchEntry(
        organisation_id=organisation_id,
        noun=screen.noun,
        object_id=obj.pk,
        title=title[:200],
        subtitle=subtitle[:200],
        text=plain(text)[:4000],
    )


def find(
    text: str,
    *,
    nouns: Sequence[str] | None = None,
    organisations: Sequence[int] | None = None,
    limit: int = 20,
) -> list[SearchEntry]:
    """Entries holding every word, those whose title begins with the text first, then the shortest titles."""
    wanted = words(text)
    if not wanted:
        return []
    found = SearchEntry.objects.filter(*[models.Q(text__like=f"%{word}%") for word in wanted])
    if nouns is not None:
        found = found.filter(noun__in=nouns)
    if organisations is not None:
        found = found.filter(organisation__in=organisations)
    begins = models.Case(models.When(text__like=f"{wanted[0]}%", then=0), default=1)
    return list(found.order_by(begins, Length("title"), "title")[:limit])


@models.TextField.register_lookup
class Like(models.Lookup):
    """``text__like``: the bare LIKE operator, which the trigram index serves."""

    lookup_name = "like"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        left, left_values = self.process_lhs(compiler, connection)
        right, right_values = self.process_rhs(compiler, connection)
        return f"{left} LIKE {right}", (*left_values, *right_values)
