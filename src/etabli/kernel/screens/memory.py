"""What the forms of many rows ask only once: related objects, custom fields. Without it, each form asks the
database.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from django import forms

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


class RelatedChoiceField(forms.ModelChoiceField):
    """A choice among related objects, each looked up once by the forms of many rows."""

    owner: int | None = None  # the organisation whose objects are offered

    def to_python(self, value: Any) -> Any:
        if value in self.empty_values or not isinstance(value, int | str):
            return super().to_python(value)
        # Within one import the offered objects depend on the model and the organisation only.
        model = self.queryset.model if self.queryset is not None else None
        return once((model, self.owner, str(value)), lambda: super(RelatedChoiceField, self).to_python(value))
