"""The requirements of the subject and of its evaluation sheet: ids, versions, order, and what they say."""

from __future__ import annotations

from dataclasses import dataclass

#: The versions of the subject, oldest first.
VERSIONS = ("1", "2", "3.0", "5.0", "5.2", "5.4")
NEWEST = VERSIONS[-1]


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement or check.

    Attributes:
        id: as in the numbered subject, for example ``E9``.
        since: the version of the subject that brought it in.
        title: what it asks for.
        ends: whether failing it ends the evaluation.
        live: whether only the running stack can show that it holds.

    """

    id: str
    since: str
    title: str
    ends: bool = False
    live: bool = False

    def applies(self, version: str) -> bool:
        """Tell whether the requirement is part of a version of the subject."""
        return VERSIONS.index(self.since) <= VERSIONS.index(version)


_TABLE: tuple[Requirement, ...] = (
    Requirement("E1", "2", "No credential, key or password in git outside secret files", ends=True),
    Requirement("E3", "1", "The required files are there, under the required names", ends=True),
    Requirement("E5", "1", "The configuration lies under srcs/"),
    Requirement("E6", "1", "A Makefile is at the root"),
    Requirement("E7", "1", "Everything is removed before the run", live=True),
    Requirement("E8", "1", "The data is removed before the run, and the run makes all of it again", live=True),
    Requirement("E9", "1", "No host network and no links", ends=True),
    Requirement("E10", "1", "A network is declared", ends=True),
    Requirement("E11", "1", "No --link in the Makefile or any script", ends=True),
    Requirement(
        "E12",
        "1",
        "Dockerfiles: no tail -f, nothing in the background, no bare shell as the process",
        ends=True,
    ),
    Requirement("E13", "1", "Each Dockerfile starts with FROM alpine:<version> or FROM debian:<version>", ends=True),
    Requirement("E14", "1", "An entrypoint script runs no program in the background"),
    Requirement("E15", "1", "No script loops for ever"),
    Requirement("E16", "1", "make is run", live=True),
    Requirement("E21", "5.0", "README.md is there", ends=True),
    Requirement("E22", "5.0", "The first line of README.md is right", ends=True),
    Requirement("E23", "5.0", "The sections of README.md are there", ends=True),
    Requirement("E24", "5.0", "USER_DOC.md and DEV_DOC.md are there and not empty", ends=True),
    Requirement("E25", "5.0", "USER_DOC.md says what it has to", ends=True),
    Requirement("E26", "5.0", "DEV_DOC.md says what it has to", ends=True),
    Requirement("E27", "1", "The site answers on port 443 only", ends=True, live=True),
    Requirement("E28", "1", "A certificate is in use", ends=True, live=True),
    Requirement("E29", "1", "https://<login>.42.fr shows the configured site", ends=True, live=True),
    Requirement("E30", "1", "Plain HTTP cannot connect", ends=True, live=True),
    Requirement("E31", "1", "One Dockerfile per service, none of them empty", ends=True),
    Requirement("E32", "1", "The images are self-written and self-built"),
    Requirement("E33", "1", "The base is the penultimate stable release of Alpine or Debian", ends=True),
    Requirement("E34", "1", "Each image is named like its service", ends=True),
    Requirement("E35", "1", "Compose built and started everything", ends=True, live=True),
    Requirement("E36", "1", "The network is in the Compose file", ends=True),
    Requirement("E37", "1", "docker network ls shows the network", live=True),
    Requirement("E39", "1", "NGINX has its Dockerfile"),
    Requirement("E40", "1", "docker compose ps lists the NGINX container", live=True),
    Requirement("E41", "1", "Port 80 cannot connect", live=True),
    Requirement("E42", "1", "The site is not WordPress's installation page", live=True),
    Requirement("E43", "1", "TLS 1.2 or 1.3 is demonstrated, older versions are refused", ends=True, live=True),
    Requirement("E44", "1", "WordPress has its Dockerfile"),
    Requirement("E45", "1", "No NGINX in the WordPress Dockerfile"),
    Requirement("E46", "1", "docker compose ps lists the WordPress container", live=True),
    Requirement("E47", "1", "The site's volume is under /home/<login>/data/", ends=True, live=True),
    Requirement("E48", "1", "A comment can be added", ends=True, live=True),
    Requirement("E49", "1", "The administrator signs in; the name is allowed", ends=True, live=True),
    Requirement("E50", "1", "An edited page shows its change", ends=True, live=True),
    Requirement("E51", "1", "MariaDB has its Dockerfile"),
    Requirement("E52", "1", "No NGINX in the MariaDB Dockerfile"),
    Requirement("E53", "1", "docker compose ps lists the MariaDB container", live=True),
    Requirement("E54", "1", "The database's volume is under /home/<login>/data/", ends=True, live=True),
    Requirement("E55", "1", "The database can be logged in to", live=True),
    Requirement("E56", "1", "The database is not empty", live=True),
    Requirement("E57", "1", "Root without a password is refused", ends=True, live=True),
    Requirement("E58", "1", "Everything is still there after a reboot", ends=True, live=True),
    Requirement("E59", "1", "A changed port works after a rebuild", ends=True, live=True),
    Requirement("E60", "1", "Bonus: Redis works", live=True),
    Requirement("E61", "1", "Bonus: FTP works", live=True),
    Requirement("E62", "1", "Bonus: the static site works", live=True),
    Requirement("E63", "1", "Bonus: Adminer works", live=True),
    Requirement("E64", "1", "Bonus: the service of choice works", live=True),
    Requirement("R1", "1", "Everything runs inside a virtual machine", live=True),
    Requirement("R2", "1", "All configuration files live under srcs/"),
    Requirement("R3", "1", "A Makefile at the root sets up everything through docker-compose.yml"),
    Requirement("R4", "1", "Docker Compose runs it"),
    Requirement("R5", "1", "An image is named like its service"),
    Requirement("R6", "1", "One container per service"),
    Requirement("R7", "1", "Bases: the penultimate stable release of Alpine or Debian"),
    Requirement("R8", "1", "Own Dockerfiles"),
    Requirement("R9", "1", "Images are built locally"),
    Requirement("R10", "1", "Nothing but the Alpine or Debian base is pulled"),
    Requirement("R11", "1", "NGINX container: TLS 1.2 and/or 1.3, nothing older"),
    Requirement("R12", "1", "WordPress and php-fpm container, no NGINX in it"),
    Requirement("R13", "1", "MariaDB container, no NGINX in it"),
    Requirement("R14", "1", "A volume for the database"),
    Requirement("R15", "1", "A volume for the site's files"),
    Requirement("R16", "5.2", "Both are Docker named volumes, no bind mounts"),
    Requirement("R17", "5.2", "Their data ends up in /home/<login>/data"),
    Requirement("R18", "1", "A Docker network joins the containers"),
    Requirement("R19", "1", "Containers restart after a crash"),
    Requirement("R20", "1", "No keep-alive trick instead of a foreground daemon"),
    Requirement("R21", "1", "network: host, --link and links: are forbidden"),
    Requirement("R22", "1", "The network is written in docker-compose.yml"),
    Requirement("R23", "1", "No endless loop in a command, an entrypoint or an entrypoint script"),
    Requirement("R24", "1", "PID 1 and Dockerfile best practice are respected"),
    Requirement("R25", "1", "The WordPress database has two users, one of them the administrator"),
    Requirement("R26", "1", "The administrator's name does not contain admin"),
    Requirement("R27", "1", "The volumes are reachable under /home/<login>/data"),
    Requirement("R28", "1", "<login>.42.fr resolves to the machine itself", live=True),
    Requirement("R29", "1", "No latest tag, written or implied"),
    Requirement("R30", "1", "No password in a Dockerfile"),
    Requirement("R31", "1", "Environment variables are used"),
    Requirement("R32", "1", "They live in a .env file at the root of srcs/"),
    Requirement("R33", "3.0", "Confidential values are Docker secrets"),
    Requirement("R34", "2", "No credential in git outside configured secrets"),
    Requirement("R35", "1", "NGINX is the only way in, on port 443 only"),
    Requirement("R36", "1", "The tree of directories and files"),
    Requirement("R37", "5.0", "README.md is at the root"),
    Requirement("R38", "5.0", "README.md: the first line, in italics"),
    Requirement("R39", "5.0", "README.md: Description"),
    Requirement("R40", "5.0", "README.md: Instructions"),
    Requirement("R41", "5.0", "README.md: Resources, with what AI was used for"),
    Requirement("R42", "5.0", "README.md: project description with the design choices"),
    Requirement("R43", "5.0", "README.md compares virtual machines with Docker"),
    Requirement("R44", "5.0", "README.md compares secrets with environment variables"),
    Requirement("R45", "5.0", "README.md compares Docker network with host network"),
    Requirement("R46", "5.0", "README.md compares volumes with bind mounts"),
    Requirement("R47", "5.2", "README.md is in English"),
    Requirement("R48", "5.0", "USER_DOC.md"),
    Requirement("R49", "5.0", "DEV_DOC.md"),
    Requirement("R50", "1", "Bonus: own Dockerfile and container each"),
    Requirement("R51", "1", "Bonus: Redis cache", live=True),
    Requirement("R52", "1", "Bonus: FTP server on the site's volume", live=True),
    Requirement("R53", "1", "Bonus: a static site, not in PHP", live=True),
    Requirement("R54", "1", "Bonus: Adminer", live=True),
    Requirement("R55", "1", "Bonus: a service of choice", live=True),
    Requirement("R56", "1", "Bonus: extra ports are allowed for them", live=True),
    Requirement("R58", "5.0", "A small change may be asked for on the spot", live=True),
)

REQUIREMENTS: dict[str, Requirement] = {requirement.id: requirement for requirement in _TABLE}
ORDER: dict[str, int] = {requirement.id: index for index, requirement in enumerate(_TABLE)}


def applicable(version: str) -> set[str]:
    """Return the ids that are part of a version of the subject."""
    return {requirement.id for requirement in _TABLE if requirement.applies(version)}
