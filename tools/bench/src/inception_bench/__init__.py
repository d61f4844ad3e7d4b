"""The load benchmark behind ``make bench``: our stack against a stock reference and against the limit.

It needs nothing but Python's standard library, so that it can be copied to any server that the
playbook reaches and be run there.
"""
