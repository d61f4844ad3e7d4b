"""The checker: the static rules of the subject, for any Inception repository."""

from importlib import metadata


def version() -> str:
    """Return the version of the installed package; empty when it runs from a directory that was never installed."""
    try:
        return metadata.version("inception-check")
    except metadata.PackageNotFoundError:
        return ""
