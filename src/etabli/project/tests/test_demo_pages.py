"""Loading and removing the samples from the pages: the works belong to the installation, not to the samples."""

import pytest

from etabli.kernel.actors import SYSTEM
from etabli.kernel.jobs import Job
from etabli.kernel.tenancy import scope
from etabli.people.actions import show_samples, start_organisation


@pytest.mark.parametrize("address", ["/demo/", "/demo/load/"])
def test_the_row_of_the_work_stays_when_the_samples_go(firm, client_of, address):
    sample = start_organisation(name="Sample", kind="provider", demo=True, actor=SYSTEM)
    show_samples()
    browser = client_of(firm.provider.administrator)
    session = browser.session
    session["organisation"] = sample.pk
    session.save()
    answer = browser.post(address)
    with scope(firm.provider.id):
        job = Job.objects.get()
    assert answer.headers["Location"] == f"/jobs/{job.pk}/"
    assert job.organisation_id == firm.provider.id
    assert browser.get(answer.headers["Location"]).status_code == 200


def test_nobody_but_the_administrators_of_the_installation_may(firm, client_of):
    for account in (firm.acme.administrator, firm.provider.technician):
        for address in ("/demo/", "/demo/load/"):
            assert client_of(account).post(address).status_code == 403
    with scope(firm.provider.id, firm.acme.id):
        assert not Job.objects.exists()
