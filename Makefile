# The one door for a person. Every target is a line that calls a playbook or a tool.
#
#   make LOGIN=wil     everything: from this bare machine to https://wil.42.fr
#   make help          what else there is

# The login once given is remembered (.login, which git ignores).
ifdef LOGIN
export INCEPTION_LOGIN := $(LOGIN)
endif
# Programs of the virtualenv use the machine's certificate store, so that a network that
# inspects TLS is no obstacle.
export UV_NATIVE_TLS := 1
# Ansible does not start in a locale that the machine does not have, nor in one without UTF-8.
export LC_ALL := C.UTF-8
# Where anybody may write, as in a shared folder, Ansible takes no ansible.cfg that is not named.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

VENV := .venv
BIN := $(VENV)/bin
FORMAT ?= text
PROJECT ?= .
# Ansible asks for the password of sudo only where it must.
BECOME = $(shell [ "$$(id -u)" = 0 ] || ! command -v sudo >/dev/null || sudo -n true 2>/dev/null || echo --ask-become-pass)
# Talking to the engine needs root, or the group docker.
DOCKER = $(shell [ -w /var/run/docker.sock ] || echo sudo) docker
PLAY = $(BIN)/ansible-playbook $(BECOME) $(ARGS)
# The evaluation looks at processes and ports of the whole machine, which root alone may.
ROOT = $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=NO_COLOR,INCEPTION_CHROMIUM)
EVALUATE = $(if $(LOGIN),--login "$(LOGIN)") $(if $(DOMAIN),--domain "$(DOMAIN)") $(if $(KEEP),--keep) $(if $(REBOOT),--reboot) \
	$(if $(PORT),--port "$(PORT)") $(if $(SSH),--ssh "$(SSH)") $(if $(ONLY),--only "$(ONLY)") $(if $(filter 0,$(KILL)),--no-kill) \
	$(if $(CREDENTIALS),--credentials "$(CREDENTIALS)") $(if $(filter 0,$(INSTALL)),,--install) \
	$(if $(LIMIT),--limit "$(LIMIT)") $(if $(filter command,$(origin PROJECT)),--fresh)

.DEFAULT_GOAL := up
.PHONY: up check evaluate bench test down clean fclean re ps logs wp export render settings lint lock help

up: $(VENV)/.ready ## Build and start everything on this machine (LOGIN=wil)
	@$(PLAY) playbooks/site.yml

check: $(VENV)/.ready ## Check this or another repository (PROJECT=dir FORMAT=text|json|sarif|junit DATE=YYYY-MM-DD SUBJECT=5.4)
	@$(BIN)/inception-check --format "$(FORMAT)" $(if $(DATE),--date "$(DATE)") $(if $(SUBJECT),--subject "$(SUBJECT)") "$(PROJECT)"

evaluate: $(VENV)/.evaluate ## Carry out the evaluation sheet on the running stack (KEEP=1 PROJECT=dir REBOOT=1 PORT=8443)
	@$(ROOT) env PYTHONDONTWRITEBYTECODE=1 $(VENV)/evaluate/bin/inception-evaluate $(EVALUATE) "$(PROJECT)"; status=$$?; \
		[ ! -d reports ] || $(ROOT) chown --recursive --no-dereference --reference=. reports plugins; exit $$status

down: $(VENV)/.ready ## Stop the containers
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=down

clean: $(VENV)/.ready ## Remove containers, images and network too
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=clean

fclean: $(VENV)/.ready ## Remove volumes, data and hosts entry too (asks first; FORCE=1 does not)
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=fclean $(if $(filter 1,$(FORCE)),-e inception_teardown_force=true)

re: fclean ## Remove everything, then build anew
	@$(MAKE) --no-print-directory up

ps: ## List the containers
	@$(DOCKER) compose --project-directory srcs ps

logs: ## Follow the logs of the services
	@$(DOCKER) compose --project-directory srcs logs --follow --tail 100

wp: ## Run wp-cli (ARGS="post list")
	@$(DOCKER) compose --project-directory srcs exec --user www-data wordpress wp $(ARGS)

export: $(VENV)/.ready ## Write a stand-alone submission to DIR (FORCE=1 keeps what was changed there as .bak)
	@$(BIN)/ansible-playbook playbooks/export.yml -e "{\"export_dir\": \"$(or $(DIR),$(error DIR is missing: make export DIR=../inception))\"}" $(if $(filter 1,$(FORCE)),-e export_force=true)

settings: $(VENV)/.ready ## List every setting with its default
	@$(BIN)/ansible-doc -t role -r roles $(notdir $(wildcard roles/*))

render: $(VENV)/.ready ## Write srcs/ anew for the default settings, as it is committed
	@$(BIN)/ansible-playbook -i localhost, playbooks/render.yml -e "{\"render_dir\": \"$(CURDIR)\"}"

bench: $(VENV)/.ready ## Measure against a stock reference and the limit (QUICK=1 ONLY=case,… STRICT=1)
	@$(PLAY) playbooks/bench.yml -e '{"bench_quick": $(if $(QUICK),true,false), "bench_strict": $(if $(STRICT),true,false)}' $(if $(ONLY),-e bench_only="$(ONLY)")

test: $(VENV)/.dev ## All that CI runs, from nothing
	@tests/run

lint: $(VENV)/.dev ## The linters alone
	@tests/run lint

lock: $(VENV)/.ready ## Lock the dependencies anew
	@for name in uv run dev evaluate; do $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-annotate --custom-compile-command "make lock" requirements/$$name.in -o requirements/$$name.txt || exit 1; done

help: ## What each target does
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# The stamp comes last, so that an interrupted installation begins anew. What root has written there through sudo
# is in the way of everybody else.
$(VENV)/.ready: requirements/uv.txt requirements/run.txt requirements/collections.txt tools/checker/pyproject.toml
	@echo "Preparing the virtualenv: Ansible and what it needs …"
	@rm -f $@ $(VENV)/.dev $(VENV)/.evaluate
	@rm -rf $(VENV) 2>/dev/null || sudo rm -rf $(VENV)
	@python3 -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/uv.txt requirements/run.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable tools/checker
	@$(BIN)/python -m pip download --quiet --disable-pip-version-check --no-deps --require-hashes --dest $(VENV)/wheels -r requirements/collections.txt
	@$(BIN)/python requirements/unpack_collections.py $(VENV)/wheels $(VENV)/collections
	@touch $@

# The evaluation has a virtualenv of its own: its scanner wants an older `cryptography` than Ansible has.
$(VENV)/.evaluate: $(VENV)/.ready requirements/evaluate.txt tools/evaluator/pyproject.toml
	@echo "Preparing the evaluation: scanner and browser driver from PyPI, about 250 MB below $(VENV)/evaluate …"
	@rm -rf $(VENV)/evaluate 2>/dev/null || sudo rm -rf $(VENV)/evaluate
	@$(BIN)/uv venv --quiet --python $(BIN)/python $(VENV)/evaluate
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(VENV)/evaluate/bin/python --require-hashes requirements/evaluate.txt
	@$(BIN)/uv pip install --quiet --python $(VENV)/evaluate/bin/python --no-deps --no-build-isolation --editable tools/checker --editable tools/evaluator
	@touch $@

$(VENV)/.dev: $(VENV)/.ready requirements/dev.txt tools/evaluator/pyproject.toml tools/bench/pyproject.toml
	@echo "Adding the tools of the tests …"
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable tools/evaluator --editable tools/bench
	@touch $@
