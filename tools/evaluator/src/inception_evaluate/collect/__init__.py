"""Collectors: each gathers one kind of evidence, judges nothing, and raises ``UnseenError`` when it cannot."""
