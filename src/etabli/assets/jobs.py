"""What the fleet does by itself: telling people of loans to return, forgetting old changes."""

from datetime import date, timedelta

from django.db.models import Q
from django.urls import reverse
from django.utils import formats, timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from etabli.kernel import mail, preferences, tenancy
from etabli.kernel.accounts import Account
from etabli.kernel.jobs import job
from etabli.kernel.notifications import declare_kind, notify
from etabli.kernel.organisations import Organisation

from .forgetting import forget_changes
from .models import Loan

AGAIN = 7  # days between two reminders of a late loan

declare_kind("loan.due", gettext_lazy("A loan is due soon, today, or is late"), way="mail")
preferences.declare(
    "loans.days_before",
    kind=int,
    default=2,
    least=0,
    most=60,
    per_organisation=True,
    section=gettext_lazy("Loans"),
    label=gettext_lazy("Days before the date of return when a reminder is sent (0: none)"),
)


@job(every="40 6 * * *")
def remind_of_loans() -> None:
    """Each morning, an organisation after the other."""
    with tenancy.everywhere(because="loans are due in any organisation"):
        horizon = timezone.localdate() + timedelta(days=60)
        open_loans = Loan.objects.filter(returned_on=None, due_on__lte=horizon)
        found = sorted(set(open_loans.order_by().values_list("organisation", flat=True).distinct()))
    for organisation in found:
        remind.enqueue(inside=organisation, once=f"loans:{organisation}", organisation=organisation)


@job()
def remind(organisation: int) -> None:
    """Tell borrowers and lenders of one organisation; running it twice tells nobody twice."""
    today = timezone.localdate()
    before = preferences.get("loans.days_before", organisation)
    soon = Q(due_on__range=(today, today + timedelta(days=before)))
    loans = Loan.objects.select_for_update(of=("self",), skip_locked=True).filter(
        soon | Q(due_on__lt=today), organisation=organisation, returned_on=None
    )
    rows = list(loans.select_related("asset", "person__account").order_by("pk"))
    wanted = {loan.lender_account_id for loan in rows if loan.lender_account_id}
    accounts = Account.objects.in_bulk(wanted)
    mailing = bool(preferences.get("mail.host"))
    for loan in rows:
        stage = stage_of(loan.due_on, today)
        if loan.reminded != stage:
            _tell(loan, accounts.get(loan.lender_account_id or 0), today, mailing)
            loan.reminded = stage
    Loan.objects.bulk_update(rows, ["reminded"], batch_size=500)


def stage_of(due: date, today: date) -> str:
    """Which reminder this day calls for; another date of return calls for new ones."""
    if due > today:
        return f"before {due}"
    if due == today:
        return f"today {due}"
    return f"late {(today - due).days // AGAIN} {due}"


def _tell(loan: Loan, lender: Account | None, today: date, mailing: bool) -> None:
    """The borrower and whoever lent it, each in their language; a borrower without an account by e-mail."""
    account = loan.person.account
    url = reverse("asset-detail", args=[loan.asset_id])
    for one in {a.pk: a for a in (account, lender) if a is not None}.values():
        with translation.override(one.language):
            title, text = words(loan, today)
            notify([one], kind="loan.due", title=title, text=text, url=url, obj=loan)
    if account is None and loan.person.email and mailing:
        title, text = words(loan, today)
        mail.send([loan.person.email], title, text, organisation=loan.organisation_id)


def words(loan: Loan, today: date) -> tuple[str, str]:
    """The title and the text of a reminder."""
    told = {
        "asset": loan.asset,
        "person": loan.person,
        "day": formats.date_format(loan.due_on, "j F Y"),
        "since": formats.date_format(loan.lent_on, "j F Y"),
    }
    if loan.due_on > today:
        title = _("“%(asset)s” is due back on %(day)s") % told
    elif loan.due_on == today:
        title = _("“%(asset)s” is due back today") % told
    else:
        title = _("“%(asset)s” was due back on %(day)s") % told
    return title, _("Lent to %(person)s on %(since)s. Give it back, or ask for more time.") % told


@job(every="29 3 * * *")
def forget_old_changes() -> None:
    """Each night, the changes of assets that an organisation no longer wants to keep."""
    with tenancy.opening():
        organisations = list(Organisation.objects.values_list("pk", flat=True))
    for organisation in organisations:
        forget_changes(organisation)
