"""The kernel's own jobs around events: running the reactions of the domains."""

from .events import Event, ReactionDone, reactions_to
from .jobs import job


@job()
def run_reaction(event_id: int, reaction: str) -> None:
    """Run one reaction for one event, once, in the event's organisation."""
    event = Event.objects.filter(pk=event_id).first()
    if event is None:
        return
    _done, first = ReactionDone.objects.get_or_create(event=event, reaction=reaction)
    function = dict(reactions_to(event.verb)).get(reaction)
    if first and function is not None:
        function(event)
