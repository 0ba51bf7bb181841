"""The kernel's own jobs around events: running the reactions of the domains."""

from django.utils.translation import gettext_lazy

from .events import Event, ReactionDone, reactions_to
from .jobs import job
from .notifications import declare_kind

declare_kind("job.ended", gettext_lazy("The end of a job I started"))


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
