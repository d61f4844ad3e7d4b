"""Evidence: the files of a repository, parsed as the real tools read them, with exact positions.

Nothing in here judges. Parsers never raise on bad input: what they cannot read becomes a ``Problem``.
"""
