"""Measurements of the product on a fleet of 100,000 assets: ``./etabli bench [NAME…] [--json] [--quick]``.

Everything happens on a PostgreSQL of its own under ``var/bench`` (or ``ETABLI_BENCH_HOME``), filled once by
SQL and
kept for the next run; a person's own data directory is never opened. A group is a module that lists its
figures.
"""
