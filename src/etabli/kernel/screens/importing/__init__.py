"""Imports of a list: a file, a mapping, a preview that changes nothing, one all-or-nothing commit, and its
undo.
"""
