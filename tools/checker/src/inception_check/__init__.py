"""The checker: the static rules of the subject, for any Inception repository."""
