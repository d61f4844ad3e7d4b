"""What Compose's schema allows: it refuses a file with any other key, or with a key of another shape."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from inception_check.evidence.source import Problem
from inception_check.evidence.yamlnodes import Value

#: The keys that Compose's schema allows in a service; it refuses a file with any other (``x-`` ones apart).
_SERVICE_KEYS = frozenset(
    [
        "annotations",
        "attach",
        "blkio_config",
        "build",
        "cap_add",
        "cap_drop",
        "cgroup",
        "cgroup_parent",
        "command",
        "configs",
        "container_name",
        "cpu_count",
        "cpu_percent",
        "cpu_period",
        "cpu_quota",
        "cpu_rt_period",
        "cpu_rt_runtime",
        "cpu_shares",
        "cpus",
        "cpuset",
        "credential_spec",
        "depends_on",
        "deploy",
        "develop",
        "device_cgroup_rules",
        "devices",
        "dns",
        "dns_opt",
        "dns_search",
        "domainname",
        "driver_opts",
        "entrypoint",
        "env_file",
        "environment",
        "expose",
        "extends",
        "external_links",
        "extra_hosts",
        "gpus",
        "group_add",
        "healthcheck",
        "hostname",
        "image",
        "init",
        "ipc",
        "isolation",
        "label_file",
        "labels",
        "links",
        "logging",
        "mac_address",
        "mem_limit",
        "mem_reservation",
        "mem_swappiness",
        "memswap_limit",
        "models",
        "network_mode",
        "networks",
        "oom_kill_disable",
        "oom_score_adj",
        "pid",
        "pids_limit",
        "platform",
        "ports",
        "post_start",
        "pre_stop",
        "privileged",
        "profiles",
        "provider",
        "pull_policy",
        "pull_refresh_after",
        "read_only",
        "restart",
        "runtime",
        "scale",
        "secrets",
        "security_opt",
        "shm_size",
        "stdin_open",
        "stop_grace_period",
        "stop_signal",
        "storage_opt",
        "sysctls",
        "tmpfs",
        "tty",
        "ulimits",
        "use_api_socket",
        "user",
        "userns_mode",
        "uts",
        "volumes",
        "volumes_from",
        "working_dir",
    ]
)
_TOP_KEYS = frozenset(["configs", "include", "models", "name", "networks", "secrets", "services", "version", "volumes"])


#: What a key of a service may be, where Compose refuses anything else.
_SHAPES = {
    **dict.fromkeys(("depends_on", "networks", "environment", "labels", "sysctls"), ("sequence", "mapping")),
    **dict.fromkeys(
        ("ports", "volumes", "expose", "secrets", "configs", "links", "cap_add", "cap_drop"), ("sequence",)
    ),
    **dict.fromkeys(("image", "container_name", "restart", "network_mode", "hostname", "user"), ("scalar",)),
    "build": ("scalar", "mapping"),
    "env_file": ("scalar", "sequence"),
    "command": ("scalar", "sequence"),
    "entrypoint": ("scalar", "sequence"),
    "healthcheck": ("mapping",),
    "deploy": ("mapping",),
}
_WORDS = {"scalar": "a text", "sequence": "a list", "mapping": "a mapping"}


def top_problems(root: Value, path: str) -> Iterator[Problem]:
    """Yield the unknown keys at the top level of a file."""
    for key, _ in root.pairs:
        if key not in _TOP_KEYS and not key.startswith("x-"):
            yield Problem(path, root.key_line(key), f"the unknown key {key!r} stands at the top level")


def service_problems(name: str, value: Value, path: str) -> Iterator[Problem]:
    """Yield the unknown keys of a service, and the keys of a wrong shape."""
    for key, _ in value.pairs:
        if key not in _SERVICE_KEYS and not key.startswith("x-"):
            yield Problem(path, value.key_line(key), f"the service {name} has the unknown key {key!r}")
    for key, item in value.pairs:
        shapes = _SHAPES.get(key, ())
        if shapes and item.kind != "null" and item.kind not in shapes:
            wanted = " or ".join(_WORDS[shape] for shape in shapes)
            yield Problem(path, value.key_line(key), f"{key} of the service {name} has to be {wanted}")


def with_lists(value: Value) -> Value:
    """Put texts that stand where a list has to be into lists.

    They are reported as a problem, and read as what they mean: otherwise each rule would call missing what is merely
    written wrongly.
    """
    return replace(value, pairs=tuple((key, _as_list(key, item)) for key, item in value.pairs))


def _as_list(key: str, item: Value) -> Value:
    """Return a text that stands where a list has to be as a list of one."""
    shapes = _SHAPES.get(key, ())
    if item.kind != "scalar" or "sequence" not in shapes or "scalar" in shapes or not item.text:
        return item
    return Value(item.line, "sequence", items=(item,))
