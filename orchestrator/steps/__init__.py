"""What flows do, step by step: each opens short transactions, does one thing and saves it.

A step that is run a second time, because the process died before its result was remembered, finds what it saved and
returns the same.
"""
