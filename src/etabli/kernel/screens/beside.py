"""What a domain adds to the page of a noun below it: the rack's drawing comes from the domain of assets."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest

from .screen import Panel

if TYPE_CHECKING:
    from .screen import Screen

Adder = Callable[[Any, HttpRequest], Iterable[Panel]]
_adders: dict[str, list[Adder]] = defaultdict(list)


def beside(noun: str) -> Callable[[Adder], Adder]:
    """Add the function's panels to the first tab of this noun's page; it asks the reader's rights itself."""

    def remember(function: Adder) -> Adder:
        _adders[noun].append(function)
        return function

    return remember


def panels_beside(screen: "Screen", obj: Any, request: HttpRequest) -> list[Panel]:
    """The panels that other domains add to the page of an object."""
    return [panel for adder in _adders.get(screen.noun, ()) for panel in adder(obj, request)]
