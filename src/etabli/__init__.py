"""Établi: the workbench of the people who keep a company's computers running."""

__version__ = "0.1.0"
