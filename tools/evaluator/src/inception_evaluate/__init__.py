"""The evaluation of a running stack: collectors gather evidence, rules judge it, a report tells of it."""
