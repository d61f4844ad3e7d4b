"""The stacks that are measured, each a Compose project: ours, the reference, the limit, and the load."""

from __future__ import annotations

import copy
import json
import secrets
import shutil
import socket
from pathlib import Path
from typing import Any

from inception_bench.engine import PREFIX, Project, run

#: What the images of this package are built from.
DATA = Path(__file__).parent / "data"
#: The domain that all stacks of a run lie in. It is reserved: no such name leads anywhere.
DOMAIN = "bench.test"
#: The load generator ends by itself after this many seconds, whatever becomes of the benchmark.
LOAD_LIFETIME = 4 * 3600


def free_port() -> int:
    """Return a port of the loopback address that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def domain(kind: str, locale: str) -> str:
    """Return the host name of a stack."""
    return f"{kind}-{locale.lower().replace('_', '-')}.{DOMAIN}"


def project_name(kind: str, locale: str) -> str:
    """Return the name of a stack's Compose project."""
    return f"{PREFIX}-{kind}-{locale.lower().replace('_', '-')}"


def resolved(project_dir: Path) -> dict[str, Any]:
    """Return what Compose makes of a rendered project and its ``.env``.

    Raises:
        BenchError: Compose refuses it.
    """
    answer = run("docker", "compose", "--project-directory", str(project_dir / "srcs"), "config", "--format", "json")
    model: dict[str, Any] = json.loads(answer.stdout)
    return model


def apart(model: dict[str, Any], name: str, ports: dict[int, int]) -> dict[str, Any]:
    """Return a resolved Compose model under other names, so that it can run beside the user's own.

    Names of containers, images, networks and volumes begin with the project's, and each published port
    becomes one of the loopback address. Nothing else is changed: what is measured is what is deployed.

    Args:
        model: what ``docker compose config`` printed.
        name: the new name of the project.
        ports: the port of the loopback address for each port inside a container.
    """
    made = copy.deepcopy(model)
    made["name"] = name
    for service, content in made["services"].items():
        content["container_name"] = f"{name}-{service}"
        content["image"] = f"{name}-{service}:bench"
        for port in content.get("ports", []):
            port["host_ip"] = "127.0.0.1"
            port["published"] = str(ports.get(int(port["target"])) or free_port())
    for group in ("networks", "volumes"):
        for key, content in made.get(group, {}).items():
            content["name"] = f"{name}-{key}"
    for key, content in made.get("secrets", {}).items():
        content["name"] = f"{name}_{key}"
    return made


def _logging() -> dict[str, Any]:
    return {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}}


def reference(
    locale: str, base_image: str, ours: dict[str, Any], secret_dir: Path, data_dir: Path, password: str, port: int
) -> dict[str, Any]:
    """Return the Compose model of a usual Inception: the same packages with their stock configuration.

    Args:
        locale: the language of the site.
        base_image: what its Dockerfiles begin with: the base of ours.
        ours: our own resolved model, for the arguments that tell where WordPress comes from.
        secret_dir: where certificate and key lie.
        data_dir: where its volumes keep their data.
        password: of the site's administrator.
        port: of the loopback address, for NGINX.
    """
    name = project_name("reference", locale)
    host = domain("reference", locale)
    database_password = secrets.token_hex(16)
    arguments = {**ours["services"]["wordpress"]["build"].get("args", {}), "BASE": base_image}
    common = {"networks": {"inception": None}, "restart": "always", "logging": _logging()}
    services = {
        "mariadb": {
            **common,
            "build": {"context": str(DATA / "reference/mariadb"), "args": {"BASE": base_image}},
            "environment": {"DB_PASSWORD": database_password},
            "volumes": [{"type": "volume", "source": "mariadb", "target": "/var/lib/mysql"}],
        },
        "wordpress": {
            **common,
            "build": {
                "context": str(data_dir / "wordpress-context"),
                "args": arguments,
                "secrets": [{"source": "extra_ca"}],
            },
            "depends_on": {"mariadb": {"condition": "service_started", "required": True}},
            "environment": {
                "DB_PASSWORD": database_password,
                "DOMAIN_NAME": host,
                "WP_LOCALE": locale,
                "WP_ADMIN_USER": "owner",
                "WP_ADMIN_PASSWORD": password,
            },
            "volumes": [{"type": "volume", "source": "wordpress", "target": "/var/www/html"}],
        },
        "nginx": {
            **common,
            "build": {"context": str(DATA / "reference/nginx"), "args": {"BASE": base_image}},
            "depends_on": {"wordpress": {"condition": "service_started", "required": True}},
            "networks": {"inception": {"aliases": [host]}},
            "ports": [{"mode": "ingress", "host_ip": "127.0.0.1", "target": 443, "published": str(port)}],
            "secrets": [{"source": "tls_certificate"}, {"source": "tls_key"}],
            "volumes": [{"type": "volume", "source": "wordpress", "target": "/var/www/html"}],
        },
    }
    for service, content in services.items():
        content["container_name"] = f"{name}-{service}"
        content["image"] = f"{name}-{service}:bench"
    volumes = {
        key: {
            "name": f"{name}-{key}",
            "driver": "local",
            "driver_opts": {"type": "none", "o": "bind", "device": str(data_dir / key)},
        }
        for key in ("mariadb", "wordpress")
    }
    return {
        "services": services,
        "networks": {"inception": {"name": f"{name}-inception", "driver": "bridge"}},
        "volumes": volumes,
        "secrets": {
            "tls_certificate": {"file": str(secret_dir / "tls.crt")},
            "tls_key": {"file": str(secret_dir / "tls.key")},
            "extra_ca": {"file": str(secret_dir / "extra_ca.crt")},
        },
    }


def reference_context(fetch_script: Path, directory: Path) -> None:
    """Lay out the build context of the reference's WordPress, with the script that fetches ours."""
    shutil.copytree(DATA / "reference/wordpress", directory, dirs_exist_ok=True)
    shutil.copy2(fetch_script, directory / fetch_script.name)


#: The limit, and the limit with parts of our own configuration: the log, and the generation that is read for each page.
LIMITS = ("limit", "limit-log", "limit-log-word")
#: What the parts are made of, from the files of our own image.
_PARTS = {
    "": {"LOG": "access_log off;"},
    "log": {"LOG": "map $uri $x_cache { default HIT; } include /etc/nginx/log.conf;"},
    "word": {
        "MODULES": "load_module /usr/lib/nginx/modules/ndk_http_module.so;\n"
        "load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;",
        "WORD": "lua_package_path '/etc/nginx/?.lua;;'; init_by_lua_block { generation = require 'generation' }",
        "READ": "set_by_lua_block $generation { return generation.read(ngx.var.uri) }",
    },
}


def limit(
    kind: str, nginx_image: str, nginx_uid: int, secret_dir: Path, directory: Path, content_dir: Path, port: int
) -> dict[str, Any]:
    """Return the Compose model of the limit, and write its configuration.

    Args:
        kind: one of :data:`LIMITS`.
        nginx_image: our own image, so that it is the same NGINX with the same TLS settings.
        nginx_uid: the user that it runs as.
        secret_dir: where certificate and key lie.
        directory: where the configuration and the files to be served go.
        content_dir: our own volume of the site, with the generation.
        port: of the loopback address.
    """
    name = project_name(kind, "en_US")
    host = domain(kind, "en_US")
    (directory / "files").mkdir(parents=True, exist_ok=True)
    texts = dict.fromkeys(("MODULES", "LOG", "WORD", "READ"), "") | {"SERVER_NAME": host}
    for part in ("", *kind.split("-")[1:]):
        texts |= _PARTS[part]
    text = (DATA / "limit/nginx.conf").read_text(encoding="utf-8")
    for key, value in texts.items():
        text = text.replace(f"@{key}@", value)
    (directory / "nginx.conf").write_text(text, encoding="utf-8")
    owner = f"mode=0700,uid={nginx_uid},gid={nginx_uid}"
    return {
        "services": {
            "nginx": {
                "container_name": f"{name}-nginx",
                "image": nginx_image,
                "pull_policy": "never",
                "entrypoint": ["nginx", "-e", "stderr", "-c", "/limit/nginx.conf", "-g", "daemon off;"],
                "networks": {"inception": {"aliases": [host]}},
                "ports": [{"mode": "ingress", "host_ip": "127.0.0.1", "target": 443, "published": str(port)}],
                "read_only": True,
                "tmpfs": [f"/run/nginx:{owner}", f"/tmp:{owner}"],  # noqa: S108 -- a directory inside the container
                "secrets": [{"source": "tls_certificate"}, {"source": "tls_key"}],
                "volumes": [
                    {"type": "bind", "source": str(directory), "target": "/limit", "read_only": True},
                    {"type": "bind", "source": str(content_dir), "target": "/var/www/html", "read_only": True},
                ],
                "logging": _logging(),
            }
        },
        "networks": {"inception": {"name": f"{name}-inception", "driver": "bridge"}},
        "secrets": {
            "tls_certificate": {"file": str(secret_dir / "tls.crt")},
            "tls_key": {"file": str(secret_dir / "tls.key")},
        },
    }


def load(base_image: str, scripts: Path) -> dict[str, Any]:
    """Return the Compose model of the load generator.

    Args:
        base_image: what its Dockerfile begins with.
        scripts: the directory of wrk's scripts.
    """
    name = f"{PREFIX}-load"
    return {
        "services": {
            "load": {
                "container_name": name,
                "image": f"{name}:bench",
                "build": {"context": str(DATA / "load"), "args": {"BASE": base_image}},
                "command": ["sleep", str(LOAD_LIFETIME)],
                "init": True,
                "networks": {"load": None},
                "volumes": [{"type": "bind", "source": str(scripts), "target": "/load", "read_only": True}],
                "ulimits": {"nofile": {"soft": 8192, "hard": 8192}},
            }
        },
        "networks": {"load": {"name": f"{name}-network", "driver": "bridge"}},
    }


def model_project(name: str, model: dict[str, Any], directory: Path) -> Project:
    """Write a model down as a project, and make the directories of its volumes."""
    project = Project(name, model, directory)
    for path in project.data():
        path.mkdir(parents=True, exist_ok=True)
    return project
