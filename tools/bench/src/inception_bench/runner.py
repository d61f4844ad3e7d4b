"""One run: build, start, measure, and take everything away again."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import secrets
import shutil
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from inception_bench import engine, machine, memory, profiling, stacks, timing, unchanged
from inception_bench.cases import CASES, LOCALES, Case
from inception_bench.engine import Project, docker
from inception_bench.errors import BenchError
from inception_bench.load import Generator, Load, Sample
from inception_bench.plan import Plan
from inception_bench.ratios import ratio
from inception_bench.site import Answer, Site, cookie_header
from inception_bench.targets import judge

#: A case ends when its ratios are steady, but not before the first and at the second number of rounds.
ROUNDS = (5, 15)
#: With QUICK=1 each case has so many rounds of two seconds.
QUICK_ROUNDS = 2
#: How long a stack is left alone before its memory is measured, in seconds.
IDLE = 15.0
#: How often it is measured, and how far apart in seconds: over a minute, because WordPress's cron runs in each.
MEMORY_SAMPLES = 20
MEMORY_PAUSE = 3.0
#: What the static case asks for: the style sheet of each page.
ASSET = "/wp-includes/css/dist/block-library/style.min.css"
PAGES = {"home": "/", "search": "/?s=visitor&bench=", "asset": ASSET}
#: A build takes longer than anything else, in seconds.
BUILD_LIMIT = 1800.0


@dataclasses.dataclass
class Stack:
    """A stack that is measured.

    Attributes:
        kind: ``ours``, ``reference`` or one of :data:`stacks.LIMITS`.
        locale: the language of its site.
        project: its Compose project.
        site: how a visitor meets it.
        user: who signs in.
        password: with which password.
        pages: the path of each page that is asked for.
        cookies: of a session.
        facts: what it tells of itself.
    """

    kind: str
    locale: str
    project: Project
    site: Site
    user: str = ""
    password: str = ""
    pages: dict[str, str] = dataclasses.field(default_factory=lambda: dict(PAGES))
    cookies: dict[str, str] = dataclasses.field(default_factory=dict)
    facts: dict[str, str] = dataclasses.field(default_factory=dict)

    @property
    def key(self) -> str:
        """The name by which its figures are found."""
        return f"{self.kind}.{self.locale}"

    @property
    def site_files(self) -> Path:
        """The directory of its volume with the site's files."""
        return next(path for path in self.project.data() if path.name == "wordpress")


class Run:
    """The measurements of one run."""

    def __init__(self, plan: Plan) -> None:
        """Begin with nothing measured."""
        self.plan = plan
        self.deadline = time.monotonic() + plan.minutes * 60
        self.stacks: dict[str, Stack] = {}
        self.metrics: dict[str, float] = {}
        self.figures: dict[str, Any] = {}
        self.loads: list[dict[str, Any]] = []
        self.problems: list[str] = []
        self.scripts = plan.work / "load"
        self.generator = Generator(self.scripts)
        self.cache_before: set[str] | None = None

    def say(self, text: str) -> None:
        """Tell what is being done."""
        with self.plan.log.open("a", encoding="utf-8") as log:
            log.write(f"{datetime.now(UTC):%H:%M:%S} {text}\n")

    def attempt(self, what: str, action: Callable[[], None], stack: Stack | None = None) -> None:
        """Measure something. A measurement that fails is told in the report, and the others go on.

        Args:
            what: what is measured, for people.
            action: does it.
            stack: the one stack that may use the processor meanwhile, where it is one.
        """
        if time.monotonic() > self.deadline:
            self.problems.append(f"{what}: not measured, the {self.plan.minutes} minutes were over.")
            return
        self.say(what)
        try:
            with self.alone(stack) if stack is not None else contextlib.nullcontext():
                action()
        except (BenchError, OSError, http.client.HTTPException) as error:
            self.problems.append(f"{what}: {error}")
            self.say(f"{what}: {error}")

    def refuse_or_prepare(self) -> dict[str, Any]:
        """See that a run can take place, and return what the machine is.

        Raises:
            BenchError: it cannot; the message has a sentence for each reason.
        """
        version = engine.answers()
        facts = machine.engine_facts()
        system = machine.os_release(Path("/etc/os-release").read_text(encoding="utf-8"))
        sizes = machine.memory_sizes(Path("/proc/meminfo").read_text(encoding="utf-8"))
        # Work and the engine's images may lie on one disk, which is then named once.
        disks = {str(self.plan.work): machine.free_bytes(str(self.plan.work))}
        root = facts.get("DockerRootDir", "/var/lib/docker")
        if Path(root).is_dir() and Path(root).stat().st_dev != self.plan.work.stat().st_dev:
            disks[root] = machine.free_bytes(root)
        found = machine.obstacles(system, sizes, disks)
        if not docker("image", "ls", "--quiet", self.plan.base_image).strip():
            found.append(f"The engine has no image {self.plan.base_image}: run make first, which brings it.")
        if found:
            raise BenchError("\n".join(found))
        self.say(f"engine {version}")
        return machine.describe(facts)

    def certify(self) -> Path:
        """Make secrets and certificates with the project's own tools; return those of the other stacks."""
        for locale, project in self.plan.ours.items():
            self._make_secrets(
                project / "srcs/requirements/tools", project / "secrets", [stacks.domain("ours", locale)]
            )
        others = [
            *(stacks.domain(kind, "en_US") for kind in stacks.LIMITS),
            *(stacks.domain("reference", locale) for locale in LOCALES),
        ]
        directory = self.plan.work / "certificates"
        self._make_secrets(self.plan.ours["en_US"] / "srcs/requirements/tools", directory, others)
        return directory

    def _make_secrets(self, tools: Path, directory: Path, names: list[str]) -> None:
        directory.mkdir(mode=0o711, parents=True, exist_ok=True)
        if self.plan.extra_ca.is_file():
            shutil.copy(self.plan.extra_ca, directory / "extra_ca.crt")
        engine.run(str(tools / "secrets.sh"), str(directory))
        first, *rest = names
        engine.run(str(tools / "certificates.sh"), str(directory), first, str(self.plan.nginx_uid), *rest)

    def build(self) -> None:
        """Build the images of all stacks.

        Raises:
            BenchError: an image cannot be built, so that there is nothing to measure.
        """
        others = self.certify()
        wanted = {f"{kind}.{case.locale}" for case in CASES if case.group in self.plan.groups for kind in case.variants}
        self.scripts.mkdir(mode=0o700)
        fresh = "build" in self.plan.groups and not self.plan.quick
        base = self.plan.base_image
        for locale in LOCALES:
            directory = self.plan.ours[locale]
            model = stacks.resolved(directory)
            if locale == "en_US" or f"ours.{locale}" in wanted:
                port = stacks.free_port()
                name = stacks.project_name("ours", locale)
                ours = stacks.model_project(name, stacks.apart(model, name, {443: port}), self.plan.work)
                site = Site(stacks.domain("ours", locale), port, directory / "secrets/tls_ca.crt")
                lines = (directory / "secrets/credentials.txt").read_text(encoding="utf-8").splitlines()
                password = dict(line.split("=", 1) for line in lines)["WP_ADMIN_PASSWORD"]
                user = ours.model["services"]["wordpress"]["environment"]["WP_ADMIN_USER"]
                self._add(Stack("ours", locale, ours, site, user, password), fresh=fresh and locale == "en_US")
            if f"reference.{locale}" in wanted or (locale == "en_US" and self._compares()):
                port = stacks.free_port()
                name = stacks.project_name("reference", locale)
                data = self.plan.work / name
                script = directory / "srcs/requirements/wordpress/tools/fetch-wordpress.sh"
                stacks.reference_context(script, data / "wordpress-context")
                password = secrets.token_hex(12)
                content = stacks.reference(locale, base, model, others, data, password, port)
                site = Site(stacks.domain("reference", locale), port, others / "tls_ca.crt")
                project = stacks.model_project(name, content, self.plan.work)
                stack = Stack("reference", locale, project, site, "owner", password)
                self._add(stack, fresh=fresh and locale == "en_US")
        for kind in stacks.LIMITS:
            if f"{kind}.en_US" in wanted:
                self._add_limit(kind, others)
        if wanted:
            self.say("building the load generator")
            load = stacks.model_project(f"{engine.PREFIX}-load", stacks.load(base, self.scripts), self.plan.work)
            load.compose("build", timeout=BUILD_LIMIT)
            load.compose("up", "--detach")

    def _add_limit(self, kind: str, secret_dir: Path) -> None:
        ours = self.stacks["ours.en_US"]
        image = ours.project.images["nginx"]
        port = stacks.free_port()
        name = stacks.project_name(kind, "en_US")
        uid = self.plan.nginx_uid
        model = stacks.limit(kind, image, uid, secret_dir, self.plan.work / kind, ours.site_files, port)
        site = Site(stacks.domain(kind, "en_US"), port, secret_dir / "tls_ca.crt")
        project = stacks.model_project(name, model, self.plan.work)
        pages = {"home": "/", "post": "/post", "asset": "/asset"}
        self.stacks[f"{kind}.en_US"] = Stack(kind, "en_US", project, site, pages=pages)

    def _compares(self) -> bool:
        """Whether something else than load is measured of the reference, too."""
        return not self.plan.groups.isdisjoint({"build", "images", "cold", "memory", "warm", "recovery", "profile"})

    def _add(self, stack: Stack, *, fresh: bool) -> None:
        self.say(f"building {stack.kind}, {stack.locale}{' without a cache' if fresh else ''}")
        began = time.monotonic()
        stack.project.compose("build", *(["--no-cache"] if fresh else []), timeout=BUILD_LIMIT)
        if fresh:
            self.figures.setdefault("build", {})[stack.kind] = round(time.monotonic() - began, 1)
        self.stacks[stack.key] = stack

    def start(self) -> None:
        """Bring each stack up, put the content in, and sign in. Cold starts are measured here."""
        for stack in self.stacks.values():
            if stack.kind in stacks.LIMITS:
                continue
            self.say(f"starting {stack.kind}, {stack.locale}")
            measured = stack.locale == "en_US" and "cold" in self.plan.groups
            times = 1 if not measured or self.plan.quick else 3
            with self.alone(stack):
                starts = [timing.cold_start(stack.project, stack.site) for _ in range(times)]
                if measured:
                    self._starts("cold", stack, starts)
                self._fill(stack)
        limits = [stack for stack in self.stacks.values() if stack.kind in stacks.LIMITS]
        if limits:
            self._serve_the_same_bytes(limits)
        for stack in self.stacks.values():
            for network in stack.project.model["networks"].values():
                if (self.plan.work / f"{engine.PREFIX}-load.json").exists():
                    docker("network", "connect", network["name"], Generator.container)

    def _starts(self, name: str, stack: Stack, starts: list[timing.Start]) -> None:
        first = statistics.median(one.first for one in starts)
        figures = {
            "first": first,
            "rendered": statistics.median(one.rendered for one in starts),
            "command": statistics.median(one.command for one in starts),
            "samples": [dataclasses.asdict(one) for one in starts],
        }
        self.figures.setdefault(name, {})[stack.kind] = figures
        if stack.kind == "ours":
            self.metrics[name] = first

    def _fill(self, stack: Stack) -> None:
        text = (stacks.DATA / "seed.php").read_text(encoding="utf-8")
        container = stack.project.container("wordpress")
        told = docker("exec", "--interactive", "--user", "www-data", container, "php", timeout=120, text=text)
        facts = json.loads(told.strip().splitlines()[-1])
        stack.pages["post"] = facts["post"]
        stack.facts = facts
        stack.cookies = stack.site.sign_in(stack.user, stack.password)

    def _serve_the_same_bytes(self, limits: list[Stack]) -> None:
        """Give the limit the very bytes of our own pages, as they are sent."""
        ours = self.stacks["ours.en_US"]
        pages: dict[str, bytes] = {}
        with self.alone(ours):
            for page in ("home", "post", "asset"):
                # The second answer: the first may be the one that fills a cache.
                ours.site.ask(ours.pages[page])
                answer = ours.site.ask(ours.pages[page])
                if answer.status != 200 or answer.headers.get("content-encoding") != "gzip":
                    raise BenchError(
                        f"Our own stack does not send {ours.pages[page]} compressed (status {answer.status})."
                    )
                pages[page] = answer.body
                self.figures.setdefault("bytes", {})[page] = len(answer.body)
        self.plan.work.chmod(0o711)
        for limit in limits:
            directory = self.plan.work / limit.kind
            for path in (directory, directory / "files"):
                path.chmod(0o755)
            for page, body in pages.items():
                (directory / "files" / page).write_bytes(body)
            for path in (directory / "nginx.conf", *(directory / "files" / page for page in pages)):
                path.chmod(0o644)
            limit.project.compose("up", "--detach")

    @contextlib.contextmanager
    def alone(self, stack: Stack) -> Iterator[None]:
        """Let no other stack of the benchmark, and no health check of theirs, use the processor meanwhile."""
        stack.project.resume()
        try:
            yield
        finally:
            stack.project.pause()

    def measure(self) -> None:
        """Take all measurements that were chosen."""
        ours = self.stacks["ours.en_US"]
        others = [stack for stack in (self.stacks.get("reference.en_US"),) if stack is not None]
        groups = self.plan.groups
        if "images" in groups:
            self.attempt("sizes of the images", lambda: self._images([ours, *others]))
        for stack in (ours, *others):
            self._measure_stack(stack)
        for case in CASES:
            if case.group in groups:
                self.attempt(f"{case.title}, {case.locale}", partial(self._case, case))
        if "profile" in groups:
            for stack in [s for s in self.stacks.values() if s.kind not in stacks.LIMITS]:
                self.attempt(f"profile, {stack.kind}, {stack.locale}", partial(self._profile, stack), stack)
        if "unchanged" in groups:
            if self.plan.checkout is None:
                self.problems.append("a make that changes nothing: measured where make itself runs, not on a server.")
            else:
                self.attempt("a make that changes nothing", partial(self._unchanged, self.plan.checkout))

    def _measure_stack(self, stack: Stack) -> None:
        """Take the measurements of a stack as a whole that were chosen."""
        groups = self.plan.groups
        if "warm" in groups:
            self.attempt(f"warm starts, {stack.kind}", partial(self._warm, stack), stack)
            self.attempt(f"restarts, {stack.kind}", partial(self._restart, stack), stack)
        if "memory" in groups:
            self.attempt(f"idle memory, {stack.kind}", partial(self._memory, stack), stack)
        if "recovery" in groups:
            for service in ("nginx", "wordpress", "mariadb"):
                self.attempt(f"recovery of {service}, {stack.kind}", partial(self._recovery, stack, service), stack)

    def _images(self, measured: list[Stack]) -> None:
        for stack in measured:
            sizes = {name: engine.image_size(image) for name, image in stack.project.images.items()}
            self.figures.setdefault("images", {})[stack.kind] = sizes

    def _warm(self, stack: Stack) -> None:
        times = 1 if self.plan.quick else 5
        self._starts("warm", stack, [timing.warm_start(stack.project, stack.site) for _ in range(times)])

    def _restart(self, stack: Stack) -> None:
        times = 1 if self.plan.quick else 3
        self._starts("restart", stack, [timing.restart(stack.project, stack.site) for _ in range(times)])

    def _profile(self, stack: Stack) -> None:
        profile = profiling.measure(stack.site, stack.cookies, stack.site_files / "wp-content")
        self.figures.setdefault("profile", {})[stack.key] = profile

    def _memory(self, stack: Stack) -> None:
        for _ in range(3):
            stack.site.ask("/")
            stack.site.ask(f"/?bench={time.monotonic_ns()}")
        time.sleep(2 if self.plan.quick else IDLE)
        samples = []
        for _ in range(1 if self.plan.quick else MEMORY_SAMPLES):
            pids = {service: stack.project.processes(service) for service in stack.project.services}
            parts = {service: memory.measure(found) for service, found in pids.items()}
            samples.append((memory.measure(pid for found in pids.values() for pid in found), parts))
            time.sleep(0 if self.plan.quick else MEMORY_PAUSE)
        samples.sort(key=lambda sample: sample[0].alone or sample[0].pss)
        whole, parts = samples[len(samples) // 2]
        self.figures.setdefault("memory", {})[stack.kind] = {
            "total": dataclasses.asdict(whole),
            **{service: dataclasses.asdict(part) for service, part in parts.items()},
        }
        if stack.kind == "ours":
            # Other stacks on this machine may run from the same files, which makes PSS look smaller.
            self.metrics["memory"] = (whole.alone or whole.pss) / 1e6

    def _recovery(self, stack: Stack, service: str) -> None:
        seen = []
        for _ in range(1 if self.plan.quick else 5):
            seen.append(timing.recovery(stack.project, stack.site, service))
            self.say(f"recovery of {service}, {stack.kind}: {seen[-1].seconds:.2f} s")
        seconds = statistics.median(one.seconds for one in seen)
        served = min(one.served for one in seen)
        figures = {"seconds": seconds, "served": served, "samples": [dataclasses.asdict(one) for one in seen]}
        self.figures.setdefault("recovery", {}).setdefault(stack.kind, {})[service] = figures
        if stack.kind == "ours":
            self.metrics[f"recovery.{service}"] = seconds
            self.metrics[f"recovery.{service}.served"] = served

    def _expect(self, case: Case, stack: Stack) -> Answer:
        """Look at the page that is about to be asked for thousands of times.

        Raises:
            BenchError: it is not that page.
        """
        path = stack.pages[case.page]
        if case.page == "search":
            path += str(time.monotonic_ns())
        cookies = stack.cookies if case.signed_in else None
        # The second answer is looked at: the first one may be what fills a cache.
        stack.site.ask(path, cookies)
        answer = stack.site.ask(path, cookies)
        text = answer.text
        wanted = {
            "home": "Measured post 10",
            "post": "Comment 30.",
            "search": "Measured post",
            "asset": ".wp-block",
        }[case.page]
        if answer.status != 200 or wanted not in text:
            raise BenchError(f"{stack.site.host}{path} is not the page that was expected (status {answer.status}).")
        if case.page != "asset" and case.signed_in != ("wpadminbar" in text):
            raise BenchError(f"{stack.site.host}{path} mistakes who is signed in.")
        if case.page != "asset" and stack.kind not in stacks.LIMITS:
            language = case.locale.replace("_", "-")
            if f'lang="{language}"' not in text:
                raise BenchError(f"{stack.site.host}{path} is not in {language}.")
        return answer

    def _load(self, case: Case) -> Load:
        if self.plan.quick:
            return dataclasses.replace(case.load, seconds=2, warm_up=1)
        return case.load

    def _case(self, case: Case) -> None:
        load = self._load(case)
        chosen = [self.stacks[f"{kind}.{case.locale}"] for kind in case.variants]
        seen: dict[str, Answer] = {}
        for stack in chosen:
            with self.alone(stack):
                seen[stack.kind] = self._expect(case, stack)
        samples: dict[str, list[Sample]] = {stack.kind: [] for stack in chosen}
        least, most = (QUICK_ROUNDS, QUICK_ROUNDS) if self.plan.quick else ROUNDS
        if case.rounds is not None:
            least = most = min(case.rounds, most)
        while True:
            for stack in chosen:
                with self.alone(stack):
                    samples[stack.kind].append(self._once(case, stack, load))
            done = len(samples[chosen[0].kind])
            rates = {kind: [one.rate for one in taken] for kind, taken in samples.items()}
            found = {pair: ratio(rates[pair[0]], rates[pair[1]]) for pair in case.pairs}
            told = ", ".join(f"{a}/{b} {r.median:.3g} ±{r.half_width:.0%}" for (a, b), r in found.items() if r)
            self.say(f"{case.title}, {case.locale}, round {done}: {told}")
            steady = all(one is not None and one.steady for one in found.values())
            if done >= most or (done >= least and steady) or time.monotonic() > self.deadline:
                break
        self._record(case, load, samples, seen)

    def _once(self, case: Case, stack: Stack, load: Load) -> Sample:
        headers = {"Cookie": cookie_header(stack.cookies)} if case.signed_in else {}
        path = stack.pages[case.page]
        if load.warm_up and not load.http2:
            self.generator.warm_up(stack.site.host, path, headers, load)
        before = stack.project.processor_seconds()
        sample = self.generator.run(stack.site.host, path, headers, load)
        after = stack.project.processor_seconds()
        if stack.kind == "reference" and load.connections > 100:
            # Hundreds of requests still wait in there, and would disturb the next round.
            stack.project.compose("restart", "--timeout", "1", "wordpress", "nginx")
            self._wait(stack)
        if before is None or after is None or not sample.requests or load.http2:
            return sample
        return dataclasses.replace(sample, processor=(after - before) / sample.requests)

    def _wait(self, stack: Stack) -> None:
        """Wait until a stack that was restarted answers.

        Raises:
            BenchError: it does not.
        """
        until = time.monotonic() + timing.RECOVERY_LIMIT
        while not stack.site.answers("/"):
            if time.monotonic() > until:
                raise BenchError(f"{stack.project.name} did not answer again within {timing.RECOVERY_LIMIT:.0f} s.")
            time.sleep(0.2)

    def _record(self, case: Case, load: Load, samples: dict[str, list[Sample]], seen: dict[str, Answer]) -> None:
        rates = {kind: [one.rate for one in taken] for kind, taken in samples.items()}
        variants: dict[str, Any] = {}
        for kind, taken in samples.items():
            variants[kind] = {
                "rate": statistics.median(rates[kind]),
                "p50": _median(one.p50 for one in taken),
                "p99": _median(one.p99 for one in taken),
                "errors": sum(one.errors for one in taken),
                "processor_ms": _median(None if one.processor is None else one.processor * 1000 for one in taken),
                "page_bytes": len(seen[kind].body),
                "cache": seen[kind].headers.get("x-cache", ""),
                "samples": [dataclasses.asdict(one) for one in taken],
            }
        ratios = {}
        for a, b in case.pairs:
            found = ratio(rates[a], rates[b])
            if found is not None:
                ratios[f"{a}/{b}"] = {**dataclasses.asdict(found), "steady": found.steady}
                self.metrics[f"{case.key}.{a}/{b}"] = found.median
        if case.name:
            self.metrics[f"{case.name}.errors"] = float(sum(one.errors for one in samples["ours"]))
            self.metrics[f"{case.name}.p99"] = max(one.p99 or 0.0 for one in samples["ours"])
        self.loads.append(
            {
                "key": case.key,
                "group": case.group,
                "title": case.title,
                "locale": case.locale,
                "load": dataclasses.asdict(load),
                "variants": variants,
                "ratios": ratios,
            }
        )

    def _unchanged(self, checkout: Path) -> None:
        figures = unchanged.measure(checkout, self.plan.login, self.plan.work, 2 if self.plan.quick else 7)
        self.figures["unchanged"] = figures
        self.metrics["unchanged"] = figures["ratio"]["median"]

    def result(self, description: dict[str, Any], began: float) -> dict[str, Any]:
        """Return all that was measured."""
        ours = self.stacks.get("ours.en_US")
        facts = dict(ours.facts) if ours else {}
        return {
            "schema": 1,
            "when": datetime.now(UTC).isoformat(timespec="seconds"),
            "commit": self.plan.commit,
            "quick": self.plan.quick,
            "groups": sorted(self.plan.groups),
            "seconds": round(time.monotonic() - began),
            "machine": {**description, "versions": {**facts, **self._versions()}},
            "verdicts": [
                {
                    "title": verdict.target.title,
                    "wanted": verdict.target.wanted,
                    "unit": verdict.target.unit,
                    "bound": verdict.target.bound,
                    "value": verdict.value,
                    "met": verdict.met,
                }
                for verdict in judge(self.metrics)
            ],
            "metrics": self.metrics,
            "loads": self.loads,
            "figures": self.figures,
            "problems": self.problems,
        }

    def _versions(self) -> dict[str, str]:
        asked: dict[str, Callable[[Project], str]] = {
            "nginx": lambda p: engine.run("docker", "exec", p.container("nginx"), "nginx", "-v").stderr,
            "mariadb": lambda p: docker("exec", p.container("mariadb"), "mariadbd", "--no-defaults", "--version"),
        }
        ours = self.stacks.get("ours.en_US")
        if ours is None:
            return {}
        found = {}
        with self.alone(ours):
            for name, ask in asked.items():
                found[name] = ask(ours.project).strip().split("Ver ")[-1].split("/")[-1].split(" ")[0]
        return found


def _median(values: Iterator[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
