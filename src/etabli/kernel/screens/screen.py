"""The declaration itself: what a noun's screen is made of, with defaults that already work."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.urls import path, reverse

from ..actors import Actor, can
from ..tenancy import Catalogue, Noun, OrganisationModel, SharedModel, visible
from .columns import Column, capitalised, column_of, show, text_value
from .filters import Filter, filter_of

if TYPE_CHECKING:
    from .acts import ActForm
    from .forms import NounForm

HIDDEN = {"id", "organisation", "custom", "version", "created_at", "updated_at", "password"}


@dataclass(frozen=True)
class Figure:
    """A number at the top of a list that leads to the rows it counts."""

    label: Any
    value: Any
    url: str = ""
    tone: str = ""
    detail: Any = ""


@dataclass(frozen=True)
class Panel:
    """A card of an object's page: rows of label and value, or a template with its context."""

    title: Any
    rows: Sequence[tuple[Any, Any]] = ()
    template: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    side: bool = False
    more_url: str = ""
    more_label: Any = ""


@dataclass(frozen=True)
class Tab:
    """A tab of an object's page: its panels are only read when it is open."""

    key: str
    label: Any
    panels: Callable[[Any, HttpRequest], Iterable[Panel]]
    count: Callable[[Any], int | None] = lambda _obj: None


def _always(_obj: Any) -> str:
    return ""


@dataclass(frozen=True)
class Act:
    """A verb of a noun, declared once: a button and its page, an act on many rows, an API operation.

    ``act(obj, cleaned, actor)`` does it, and raises ``ValidationError`` with a sentence for what it refuses;
    it may return an address to go to, or an answer (a document). ``form`` is asked before (a subclass of
    :class:`~.acts.ActForm`). ``together(rows, cleaned, actor)`` does it once to all the rows chosen, in place
    of ``act`` for each, and returns the answer: one sheet of labels for forty machines.
    ``why_not(obj)`` is a sentence when it makes no sense for the object as it is now. ``text`` tells the
    consequence on its page. ``preview(rows, cleaned)`` tells what would change on many rows (see
    :mod:`~.previewing`).
    """

    name: str
    label: Any
    icon: str
    verb: str
    act: Callable[[Any, dict[str, Any], Actor], Any]
    form: "type[ActForm] | None" = None
    why_not: Callable[[Any], Any] = _always
    text: Any = ""
    danger: bool = False
    primary: bool = False
    one: bool = True
    many: bool = True
    preview: Callable[[QuerySet[Any], dict[str, Any]], Any] | None = None
    together: Callable[[QuerySet[Any], dict[str, Any], Actor], Any] | None = None
    shown: bool = True  # whether its page has a button for it; the page may have a better place
    crosses: bool = False  # whether what is chosen may belong to another organisation of the actor
    key: str = ""  # the single key that does it from the object's page


class Screen:
    """What people and programs see of a noun. Every attribute has a default; override a method for a single
    need.
    """

    model: ClassVar[type[models.Model]]
    about: Any = ""  # what the noun is for, in a sentence shown on an empty list and in the settings
    area: str = "settings"
    group: Any = ""  # screens of an area with the same group share a line of the navigation
    icon: str = "box"
    columns: Sequence[str | Column] = ()
    filters: Sequence[str | Filter] = ()
    search: Sequence[str] = ()
    fields: Sequence[str] = ()
    sections: Sequence[tuple[Any, Sequence[str]]] = ()
    form: "type[NounForm] | None" = None  # a NounForm with rules of this noun
    order: Sequence[Any] = ()
    identity: Sequence[str] = ("name",)
    tabs: Sequence[Tab] = ()
    acts: Sequence[Act] = ()
    related: Sequence[str] = ()
    per_page: int = 50
    template: str = "screens/detail.html"
    annexed: bool = True
    noted: bool = True  # whether notes and the latest activity close its page
    searchable: bool = True
    listed: bool = True
    adds: bool = True
    changes: bool = True
    deletes: bool = True
    importable: bool = True
    undoable: bool = True
    compares: bool = False
    watched: bool = False

    # -- names
    # ------------------------------------------------------------------------------------------------
    @cached_property
    def noun(self) -> str:
        return str(self.model._meta.model_name)

    @cached_property
    def slug(self) -> str:
        return f"{self.noun}s"

    @property
    def title(self) -> str:
        return capitalised(self.model._meta.verbose_name_plural)

    @property
    def singular(self) -> str:
        return capitalised(self.model._meta.verbose_name)

    def verb(self, act: str) -> str:
        return f"{self.noun}.{act}"

    def url(self, obj: Any, act: str = "detail") -> str:
        # A list shows hundreds of addresses of objects: the usual one is not looked up each time.
        return (
            f"{self.list_url}{obj.pk}/" if act == "detail" else reverse(f"{self.noun}-{act}", args=[obj.pk])
        )

    @cached_property
    def list_url(self) -> str:
        return reverse(f"{self.noun}-list")

    # -- rows
    # -------------------------------------------------------------------------------------------------
    def rows(self, actor: Actor, act: str = "view") -> QuerySet[Any]:
        """The rows this actor may see (or change…). PostgreSQL hides the other organisations whatever happens
        here.
        """
        rows = self.model._default_manager.all()
        places = visible()
        may = [o for o in places if can(actor, self.verb(act), o)]
        if issubclass(self.model, SharedModel):
            return rows.filter(Q(organisation=None) | Q(organisation__in=may))
        if not issubclass(self.model, OrganisationModel):
            return rows
        # Filtering on one organisation lets the planner use the (organisation, …) indexes directly. What
        # those above set up is read through keys; lists show one's own.
        narrow = len(may) < len(places) or len(may) == 1 or issubclass(self.model, Catalogue)
        return rows.filter(organisation__in=may) if narrow else rows

    def seen(self, actor: Actor, keys: Sequence[int]) -> set[int]:
        """Which of these objects the actor may see, among those of organisations where they may see some."""
        return set(keys)

    def told(self, actor: Actor, obj: Any) -> bool:
        """Whether what happened to an object is told to somebody who may see it."""
        return True

    def holding(self, rows: QuerySet[Any], wanted: Sequence[str], actor: Actor) -> QuerySet[Any]:
        """The rows that hold every word of the list's search box (plain words, signs of LIKE escaped)."""
        from .listing import holding

        return holding(self.noun, rows, wanted)

    def ordered(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        return rows.order_by(*(self.order or self.table[0].sort), "pk")

    @cached_property
    def table(self) -> list[Column]:
        """The columns, those of model fields made from their names."""
        chosen = self.columns or [n for n in self.form_fields if not self._long(n)][:6] or ["id"]
        return [
            c if isinstance(c, Column) else column_of(self, c, first=i == 0) for i, c in enumerate(chosen)
        ]

    @cached_property
    def narrowing(self) -> list[Filter]:
        return [f if isinstance(f, Filter) else filter_of(self, f) for f in self.filters]

    def figures(self, rows: QuerySet[Any], actor: Actor) -> Sequence[Figure]:
        return ()

    def _long(self, name: str) -> bool:
        return isinstance(self.model._meta.get_field(name), models.TextField | models.JSONField | ArrayField)

    # -- one object
    # -------------------------------------------------------------------------------------------
    def panels(self, obj: Any, request: HttpRequest) -> Iterable[Panel]:
        """The cards of the first tab; by default every field, then the dates."""
        return [Panel(self.singular, rows=self.facts(obj, self.form_fields))]

    def facts(self, obj: Any, names: Iterable[str]) -> list[tuple[str, Any]]:
        """Label and value of fields, for a panel."""
        from .columns import link_to

        rows = []
        for name in names:
            one: Any = self.model._meta.get_field(name)
            value = (
                link_to(getattr(obj, name))
                if one.many_to_one or one.one_to_one
                else show(text_value(one, obj))
            )
            rows.append((capitalised(one.verbose_name), value))
        return rows

    def compared(self, obj: Any) -> Iterable[tuple[Any, Any]]:
        """Label and value of what is set beside others of its kind; by default every field."""
        return self.facts(obj, self.form_fields)

    def heading(self, obj: Any) -> dict[str, Any]:
        """``subtitle``, ``state`` ({label, tone}) and ``alerts`` of the object's page."""
        return {}

    def context(self, obj: Any, request: HttpRequest) -> dict[str, Any]:
        """What the page's own template shows beside the panels."""
        return {}

    def list_actions(self, actor: Actor) -> list[dict[str, Any]]:
        """More buttons for the list."""
        return []

    def actions(self, obj: Any, actor: Actor) -> list[dict[str, Any]]:
        """More buttons for the object's page."""
        return []

    def known_as(self, obj: Any) -> list[int]:
        """The numbers under which events speak of an object: its own, and those of what became part of it."""
        return [obj.pk]

    def successor(self, pk: int) -> int | None:
        """Where the page of an object that is no more leads: what it became part of, if anything."""
        return None

    def search_text(self, obj: Any) -> tuple[str, str, str]:
        """Title, subtitle and searched text of an object. The text begins with the title."""
        found = [str(v) for v in (_follow(obj, p) for p in self.search_fields) if v]
        return str(obj), self.subtitle(obj), " ".join([str(obj), *found])

    def subtitle(self, obj: Any) -> str:
        return ""

    @cached_property
    def search_fields(self) -> Sequence[str]:
        if self.search:
            return self.search
        return [
            f.name
            for f in self.model._meta.concrete_fields
            if isinstance(f, models.CharField) and not f.choices
        ]

    # -- form
    # -------------------------------------------------------------------------------------------------
    @cached_property
    def form_fields(self) -> list[str]:
        if self.fields:
            return list(self.fields)
        return [
            f.name
            for f in self.model._meta.concrete_fields
            if f.editable and f.name not in HIDDEN and not f.primary_key
        ]

    @property
    def has_custom_fields(self) -> bool:
        return issubclass(self.model, Noun)

    def from_name(self, text: str) -> dict[str, Any]:
        """What the form of a new object holds when a file only gives its name."""
        return {"name": text}

    def save(self, form: Any, actor: Actor, *, batch: Any = None) -> Any:
        """The single way an object of this kind is written: page, import, API and commands come here."""
        from .writing import save

        return save(self, form, actor, batch=batch)

    def delete(self, obj: Any, actor: Actor, *, batch: Any = None) -> None:
        """The single way it is deleted."""
        from .writing import delete

        delete(self, obj, actor, batch=batch)

    # -- addresses
    # --------------------------------------------------------------------------------------------
    def urls(self) -> list[Any]:
        from . import act_pages, cells, comparing, pages, watching
        from .importing import pages as imports

        views: list[tuple[str, Any, str]] = [
            ("", pages.list_page, "list"),
            ("export/", pages.export_page, "export"),
            ("columns/", pages.columns_page, "columns"),
            ("filters/", pages.filters_page, "filters"),
            ("bulk/<slug:name>/", act_pages.bulk_page, "bulk"),
            ("<int:pk>/", pages.detail_page, "detail"),
            ("<int:pk>/history/", pages.history_page, "history"),
        ]
        if self.adds:
            views.append(("add/", pages.form_page, "add"))
        if self.changes:
            views.append(("<int:pk>/edit/", pages.form_page, "edit"))
            views.append(("<int:pk>/cell/<slug:name>/", cells.cell_page, "cell"))
        if self.compares:
            views.append(("compare/", comparing.compare_page, "compare"))
        if self.deletes:
            views.append(("<int:pk>/delete/", pages.delete_page, "delete"))
        if any(act.one for act in self.acts):
            views.append(("<int:pk>/act/<slug:name>/", act_pages.act_page, "act"))
        if self.importable and self.adds:
            views.append(("import/", imports.upload_page, "import"))
        made = [path(f"{self.slug}/{p}", v, {"screen": self}, name=f"{self.noun}-{n}") for p, v, n in views]
        live = [watching.url_of(self)] if self.watched else []
        return [*made, *live, *self.more_urls()]

    def more_urls(self) -> list[Any]:
        """Ordinary views of this noun that no declaration covers."""
        return []


def _follow(obj: Any, dotted: str) -> Any:
    for part in dotted.split("__"):
        obj = getattr(obj, part, None)
    return obj
