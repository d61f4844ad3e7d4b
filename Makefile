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

# What changed or failed, messages and the end: for the log of CI.
ifneq ($(filter-out 0,$(QUIET)),)
export INCEPTION_OUTPUT := quiet
endif

VENV := .venv
BIN := $(VENV)/bin
# The programs of a virtualenv know the path that it was made at: a moved or copied checkout needs a new one.
MOVED := $(shell [ ! -s $(VENV)/.ready ] || [ "$$(cat $(VENV)/.ready)" = "$$(pwd -P)" ] || echo moved)
FORMAT ?= text
PROJECT ?= .

# Make itself ignores a misspelt variable, and something else would be done than was meant.
KNOWN := ADMIN ARGS CREDENTIALS DATE DIR DOMAIN FIND FORCE FORMAT FROM INSTALL KEEP KILL LIMIT LOCALE LOGIN ONLY OUTPUT PORT PROJECT QUICK QUIET REBOOT SSH STRICT SUBJECT TITLE
NEAREST = $(shell python3 -c 'import difflib, sys; print(*difflib.get_close_matches(sys.argv[1].upper(), sys.argv[2:], 1))' '$(1)' $(KNOWN))
UNKNOWN = $(1) is no variable of this Makefile; $(or $(patsubst %,did you mean %?,$(NEAREST)),known are: $(KNOWN))
$(foreach name,$(.VARIABLES),$(if $(filter command,$(firstword $(origin $(name)))),$(if $(filter $(KNOWN),$(name)),,$(error $(call UNKNOWN,$(name))))))

# One that another target takes would be ignored as well, and the first start fixes what it was meant for.
GOALS := $(or $(MAKECMDGOALS),up)
given_for = $(if $(filter command,$(firstword $(origin $(1)))),$(if $(filter $(2) help,$(GOALS)),,$(error $(1) is for make $(2) alone; otherwise $(3))))
$(foreach name,TITLE LOCALE ADMIN,$(call given_for,$(name),init,it is a setting: make settings tells where it goes))
$(call given_for,FROM,restore,inception_backup_repository says where backups are)
$(call given_for,PORT,evaluate,the site's port is the setting inception_https_port)
$(call given_for,DOMAIN,evaluate,the site's name is the setting inception_domain)

# Ansible asks for the password of sudo only where it must.
BECOME = $(shell [ "$$(id -u)" = 0 ] || ! command -v sudo >/dev/null || sudo -n true 2>/dev/null || echo --ask-become-pass)
# Talking to the engine needs root, or the group docker.
DOCKER = $(shell [ -w /var/run/docker.sock ] || echo sudo) docker
# A mistake is told before that question.
JUDGE = $(if $(BECOME),INCEPTION_OUTPUT=message $(BIN)/ansible-playbook $(ARGS) playbooks/judge.yml &&)
PLAY = $(JUDGE) $(BIN)/ansible-playbook $(BECOME) $(ARGS)
# What is given is not asked for. It goes through the environment as it is, so that no quote or dollar is in the way.
export SETTINGS_FIND := $(value FIND)
export RESTORE_FROM := $(value FROM)
export INIT_LOGIN := $(value LOGIN)
export INIT_TITLE := $(value TITLE)
export INIT_LOCALE := $(value LOCALE)
export INIT_ADMIN := $(value ADMIN)
given = $(if $($(1)),-e $(2)='{{ lookup("env", "INIT_$(1)") }}')
INIT = $(call given,LOGIN,inception_login) $(call given,TITLE,wordpress_title) $(call given,LOCALE,wordpress_locale) \
	$(call given,ADMIN,wordpress_admin_user)
# The evaluation looks at processes and ports of the whole machine, which root alone may.
ROOT = $(shell [ "$$(id -u)" = 0 ] || echo sudo --preserve-env=NO_COLOR,INCEPTION_CHROMIUM)
EVALUATE = $(if $(LOGIN),--login "$(LOGIN)") $(if $(DOMAIN),--domain "$(DOMAIN)") $(if $(KEEP),--keep) $(if $(REBOOT),$(if $(filter 0,$(REBOOT)),--no-reboot,--reboot)) \
	$(if $(PORT),--port "$(PORT)") $(if $(SSH),--ssh "$(SSH)") $(if $(ONLY),--only "$(ONLY)") $(if $(filter 0,$(KILL)),--no-kill) \
	$(if $(CREDENTIALS),--credentials "$(CREDENTIALS)") $(if $(filter 0,$(INSTALL)),,--install) \
	$(if $(LIMIT),--limit "$(LIMIT)") $(if $(OUTPUT),--output "$(OUTPUT)") $(if $(filter command,$(origin PROJECT)),--fresh)

.DEFAULT_GOAL := up
.PHONY: all up down stop clean fclean re ps logs wp init settings check evaluate bench export render test lint lock backup restore drill status help moved

##@ Run the site
up: $(VENV)/.ready ## Build and start everything on this machine (LOGIN=wil QUIET=1); also: make, make all
	@$(PLAY) playbooks/site.yml

all: up

down: $(VENV)/.ready ## Stop the containers; also: make stop
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=down

stop: down

clean: $(VENV)/.ready ## Remove containers, images and network too
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=clean

fclean: $(VENV)/.ready ## Remove volumes, data and hosts entry too (asks first; FORCE=1 does not)
	@$(PLAY) playbooks/teardown.yml -e inception_teardown=fclean $(if $(filter 1,$(FORCE)),-e inception_teardown_force=true)

re: fclean ## Remove everything, then build anew
	@$(MAKE) --no-print-directory up

ps: ## List the containers
	@$(DOCKER) compose --project-directory srcs ps

status: $(VENV)/.ready ## What there is to know in ten lines (FORMAT=text|json|prometheus)
	@STATUS_FORMAT="$(FORMAT)" INCEPTION_OUTPUT=message $(BIN)/ansible-playbook $(BECOME) $(ARGS) playbooks/status.yml

logs: ## Follow the logs of the services
	@$(DOCKER) compose --project-directory srcs logs --follow --tail 100

wp: ## Run wp-cli (ARGS="post list")
	@$(DOCKER) compose --project-directory srcs exec --user www-data wordpress wp $(ARGS)

##@ Backups
backup: $(VENV)/.ready ## Back the site up without stopping it
	@$(PLAY) playbooks/backup.yml

restore: $(VENV)/.ready ## Bring a backup back, also on a new machine (FROM=latest|id|repository; FORCE=1 over a site, which is kept)
	@$(PLAY) playbooks/restore.yml $(if $(filter 1,$(FORCE)),-e backup_force=true)

drill: $(VENV)/.ready ## Bring the newest backup up beside the site, and compare
	@$(PLAY) playbooks/drill.yml

##@ Settings
init: $(VENV)/.ready ## Write your settings, asking for what the first start fixes (or: LOGIN=wil TITLE="My site" LOCALE=ko_KR ADMIN=boss)
	@INCEPTION_OUTPUT=message $(BIN)/ansible-playbook playbooks/init.yml $(INIT)

settings: $(VENV)/.ready ## Show every setting, its value and where that is given (FIND=port also what it means)
	@INCEPTION_OUTPUT=message $(BIN)/ansible-playbook $(ARGS) playbooks/settings.yml

##@ Hold it to the subject, and hand it in
check: $(VENV)/.ready ## Check this or another repository (PROJECT=dir FORMAT=text|json|sarif|junit DATE=YYYY-MM-DD SUBJECT=5.4)
	@$(BIN)/inception-check --format "$(FORMAT)" $(if $(DATE),--date "$(DATE)") $(if $(SUBJECT),--subject "$(SUBJECT)") "$(PROJECT)"

evaluate: $(VENV)/.evaluate ## Carry out the evaluation sheet on the running stack (KEEP=1 PROJECT=dir OUTPUT=dir REBOOT=1 PORT=8443)
	@$(ROOT) env PYTHONDONTWRITEBYTECODE=1 $(VENV)/evaluate/bin/inception-evaluate $(EVALUATE) "$(PROJECT)"; status=$$?; \
		[ ! -d reports ] || $(ROOT) chown --recursive --no-dereference --reference=. reports plugins; \
		$(if $(OUTPUT),for file in "$(OUTPUT)"/evaluation.* "$(OUTPUT)"/shots "$(OUTPUT)"/make.log; do \
			[ ! -e "$$file" ] || $(ROOT) chown --recursive --no-dereference --reference=. "$$file"; done;) exit $$status

export: $(VENV)/.ready ## Write a stand-alone submission to DIR (FORCE=1 keeps what was changed there as .bak)
	@$(BIN)/ansible-playbook playbooks/export.yml -e "{\"export_dir\": \"$(or $(DIR),$(error DIR is missing: make export DIR=../inception))\"}" $(if $(filter 1,$(FORCE)),-e export_force=true)

##@ Work on the bundle
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

##@ Examples
##> make LOGIN=wil                        from a bare machine to https://wil.42.fr
##> NO_COLOR=1 make QUIET=1               for the log of CI
##> make ARGS=--check                     what the next make would do
##> make export DIR=../inception          the repository to hand in
##> make check PROJECT=../inception       hold a repository to the subject
##> make evaluate PORT=8443               the evaluation sheet, with the changed port
help: ## What each target does
	@awk -F ':.*## ' '/^##@/ {print substr($$0, 5)} /^##>/ {print "  " substr($$0, 5)} \
		/^[a-z]+:.*## / && $$1 != "help" {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

$(VENV)/.ready: requirements/virtualenv.sh requirements/uv.txt requirements/run.txt requirements/collections.txt tools/checker/pyproject.toml $(MOVED)
	@requirements/virtualenv.sh $(VENV)

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
