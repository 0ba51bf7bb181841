"""The clocks of a ticket: take charge, first answer, next answer, solve (SLA), and the time of teams (OLA).

Nothing is stored but what happened (`history`): deadlines are computed again each time, so a change of
priority or of promise can lose neither a pause nor the time already used. `policies` says what is promised,
`readings` turns a history into stretches that run or pause, `counting` counts them in the hours of
calendars, `explaining` tells each deadline line by line, `alarms` says when to warn. Pure code: no database.
"""
