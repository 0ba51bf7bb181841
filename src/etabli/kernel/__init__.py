"""What every domain stands on: tenancy, screens, events, jobs, permissions, files, secrets, settings.

It knows no business noun but Organisation, Account, Person, Event, File and Job.
"""
