"""Everyone a mail was also sent to follows its ticket, so that answers reach them too."""

from django.db.models.functions import Lower
from django.utils.translation import gettext_noop

from etabli.kernel.sentences import Sentence, sentence
from etabli.people.models import Person

from .letters import Letter, valid
from .mail.sorting import answered_by_nobody
from .storing import Desk
from .tickets import Ticket, Watcher

MOST = 40
_MANY = gettext_noop("It was sent to %(count)s addresses: the first %(most)s follow the ticket.")


def follow(ticket: Ticket, letter: Letter, desk: Desk) -> tuple[Sentence, ...]:
    """Make watchers of the other recipients, ours and those nobody reads aside."""
    left_out = {*desk.ourselves.addresses, ticket.caller_email.lower(), letter.address, ""}
    given = [valid(one.address) for one in letter.others]
    wanted = [one for one in dict.fromkeys(given) if one not in left_out and not answered_by_nobody(one)]
    if not wanted:
        return ()
    known = set(ticket.watchers.annotate(low=Lower("email")).values_list("low", flat=True))
    fresh = [one for one in wanted if one not in known][: max(MOST - len(known), 0)]
    rows = Person.objects.alias(low=Lower("email")).annotate(address=Lower("email"))
    people = {one.address: one for one in rows.filter(organisation=ticket.organisation_id, low__in=fresh)}
    Watcher.objects.bulk_create(
        [
            Watcher(organisation_id=ticket.organisation_id, ticket=ticket, email=one, person=people.get(one))
            for one in fresh
        ],
        ignore_conflicts=True,
    )
    return (sentence(_MANY, count=len(wanted), most=MOST),) if len(wanted) > MOST else ()
