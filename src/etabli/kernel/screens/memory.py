"""What the forms of many rows ask only once: related objects, custom fields. Without it, each form asks the
database.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import wraps
from typing import Any

from django import forms
from django.db import transaction

_memory: ContextVar[dict[Any, Any] | None] = ContextVar("form_memory", default=None)


@contextmanager
def remembering() -> Iterator[None]:
    """Inside, answers are kept: for imports and calls that write many rows in one transaction."""
    if _memory.get() is not None:
        yield
        return
    token = _memory.set({})
    try:
        yield
    finally:
        _memory.reset(token)


def once(key: Any, ask: Callable[[], Any]) -> Any:
    """The answer kept under the key, or asked now. A refusal (an exception) is not kept."""
    memory = _memory.get()
    if memory is None:
        return ask()
    if key not in memory:
        memory[key] = ask()
    return memory[key]


_trusting: ContextVar[bool] = ContextVar("trusting", default=False)


@contextmanager
def trusting() -> Iterator[None]:
    """Inside, a write that forms have checked has no savepoint of its own: two statements of three are saved.

    When the database refuses one all the same, the whole transaction is lost: the caller begins again
    without this.
    """
    token = _trusting.set(True)
    try:
        yield
    finally:
        _trusting.reset(token)


def atomically[**P, R](write: Callable[P, R]) -> Callable[P, R]:
    """A write that is done or not at all, inside whatever transaction there is."""

    @wraps(write)
    def call(*arguments: P.args, **named: P.kwargs) -> R:
        with transaction.atomic(savepoint=not _trusting.get()):
            return write(*arguments, **named)

    return call


class RelatedChoiceField(forms.ModelChoiceField):
    """A choice among related objects, each looked up once by the forms of many rows."""

    owner: int | None = None  # the organisation whose objects are offered

    @property
    def offers(self) -> Any:
        """The model of the objects offered."""
        return self.queryset.model if self.queryset is not None else None

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or not isinstance(value, int | str):
            return super().to_python(value)
        # Within one import the offered objects depend on the model and the organisation only.
        return once(
            (self.offers, self.owner, str(value)), lambda: super(RelatedChoiceField, self).to_python(value)
        )
