"""The commands of ``./etabli``: one small module each, named in the table of ``project/cli.py``."""
