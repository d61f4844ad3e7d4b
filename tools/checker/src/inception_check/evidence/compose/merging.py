"""Services while files are put together: one definition laid over another, as Compose does it."""

from __future__ import annotations

from dataclasses import dataclass

from inception_check.evidence.yamlnodes import Value

_APPENDED = frozenset(
    {
        "ports", "expose", "external_links", "dns", "dns_search", "tmpfs", "volumes", "devices", "cap_add", "cap_drop",
        "env_file", "secrets", "configs", "security_opt", "group_add",
    }
)  # fmt: skip
_MAPPED = frozenset({"environment", "labels", "build", "networks", "depends_on", "deploy", "args", "sysctls"})


@dataclass
class Merged:
    """A service while files are merged: its value and, by key, the file that it came from."""

    value: Value
    path: str
    line: int
    origin: dict[str, str]
    base: str


def _as_mapping(value: Value) -> dict[str, tuple[Value, int]]:
    if value.kind == "mapping":
        return {k: (v, value.key_line(k)) for k, v in value.pairs}
    result: dict[str, tuple[Value, int]] = {}
    for item in value.items:
        if item.scalar is not None:
            name, equals, text = item.text.partition("=")
            inner = Value(item.line, "scalar", text, quoted=True) if equals else Value(item.line, "null")
            result[name] = (inner, item.line)
    return result


def _merge_values(key: str, old: Value, new: Value) -> Value:
    if new.tag == "!override":
        return new
    if key == "build" and "mapping" not in (old.kind, new.kind):
        return new
    if key in _MAPPED or (old.kind == new.kind == "mapping"):
        both = _as_mapping(old)
        if key == "build" and old.kind == "scalar":
            both = {"context": (old, old.line)}
        for name, (value, line) in _as_mapping(new).items():
            if name in both and value.kind == "mapping":
                value = _merge_values(name, both[name][0], value)
            both[name] = (value, line)
        return Value(
            new.line,
            "mapping",
            pairs=tuple((k, v) for k, (v, _) in both.items()),
            key_lines=tuple((k, line) for k, (_, line) in both.items()),
        )
    if key in _APPENDED:

        def items(value: Value) -> tuple[Value, ...]:
            return value.items if value.kind == "sequence" else (value,)

        return Value(new.line, "sequence", items=items(old) + items(new))
    return new


def merge_services(old: Merged, new: Merged) -> Merged:
    """Lay a later definition of a service over an earlier one."""
    values = dict(old.value.pairs)
    lines = dict(old.value.key_lines)
    origin = dict(old.origin)
    for key, value in new.value.pairs:
        if value.tag == "!reset":
            values.pop(key, None)
            continue
        values[key] = _merge_values(key, values[key], value) if key in values and key != "extends" else value
        lines[key] = new.value.key_line(key)
        origin[key] = new.path
    merged = Value(new.value.line, "mapping", pairs=tuple(values.items()), key_lines=tuple(lines.items()))
    return Merged(merged, old.path, old.line, origin, new.base)
