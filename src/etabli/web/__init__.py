"""The shell: what every screen looks like, and the generic screens the kernel fills.

Templates in ``templates/web`` (frame, login, errors), ``templates/screens`` (list, detail, form, import,
job) and ``templates/cotton`` (components); style sheets and custom elements in ``static/web``; small HTML for
table cells in ``markup``. ``/style/`` shows every component in every state.
"""
