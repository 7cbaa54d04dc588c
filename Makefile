SHELL := /bin/sh
BIN := .venv/bin
# A file's tests stay together: many share a server or a stack.
PARALLEL := -n 2 --dist loadfile
EXERCISE ?= squat
CLIP ?= samples/clips/squat.mp4

.DEFAULT_GOAL := help
.PHONY: help setup setup-cuda setup-dev run up test test-unit test-e2e test-faults test-slow test-torch check fix protos client lock docs train bench samples tools clean \
	lint types arch verify-protos verify-client verify-lock verify-k8s verify-docs accuracy accuracy-gates accuracy-full gallery

##@ Use
help: ## Print this
	@awk 'BEGIN {FS = ":.*##"} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z0-9-]+:.*##/ {printf "  %-16s %s\n", $$1, $$2}' Makefile

setup: ## Set up what `make run` needs; afterwards the command is .venv/bin/motus
	@tools/setup.sh run

run: setup ## Play a sample clip through the whole stack: CLIP=video.mp4 EXERCISE=squat
	@$(BIN)/motus analyze $(CLIP) --exercise $(EXERCISE)

up: setup ## Start the whole stack and keep it; Ctrl-C stops it
	@$(BIN)/motus up

setup-cuda: setup ## Add what MOTUS_POSE_DEVICE=cuda needs: PyTorch with NVIDIA's libraries, 5 GB
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet -r services/pose/requirements-cuda.lock

##@ Test
setup-dev:
	@tools/setup.sh dev

tools: ## Build the media servers that tests of live sources start; needs Go, once some minutes
	@tools/media_servers.sh

test: setup-dev ## All tests that run in a few minutes
	@$(BIN)/pytest $(PARALLEL) -m "not slow and not accuracy"

test-unit: setup-dev ## Only the parts' own tests
	@$(BIN)/pytest $(PARALLEL) -m "not slow and not e2e and not accuracy"

test-e2e: setup-dev ## Only the whole stack as processes
	@$(BIN)/pytest -m e2e

test-faults: setup-dev ## Workers, servers, hosts and clocks fail: six minutes
	@$(BIN)/pytest -m slow tests/faults

test-slow: setup-dev ## What takes long: unseen renders, every fault
	@$(BIN)/pytest -m slow

test-torch: setup-dev setup-cuda ## The GPU's networks, on the CPU where there is no GPU
	@$(BIN)/pytest services/pose/tests/test_torch.py

##@ Check
check: lint types arch verify-protos verify-client verify-lock verify-docs verify-k8s ## Lint, types, architecture, protos, staleness, manifests

lint: setup-dev ## Style (mended by `make fix`)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup-dev ## Types, strictly
	@$(BIN)/mypy

arch: setup-dev ## Who may import whom
	@$(BIN)/lint-imports

verify-protos: setup-dev ## Protos: lint, and whether the stubs are fresh (mended by `make protos`)
	@tools/buf.sh lint
	@tools/protos.sh --check

verify-lock: setup-dev ## Whether the locks are fresh (mended by `make lock`)
	@$(BIN)/python tools/lock.py --check

verify-client: setup-dev ## Whether the client that waits is fresh (mended by `make client`)
	@$(BIN)/python tools/sync_client.py --check

verify-docs: setup-dev ## Whether what is generated into docs is fresh (mended by `make docs`)
	@$(BIN)/python tools/measures_page.py --check

verify-k8s: setup-dev ## Manifests: rendered and checked against the schemas
	@$(BIN)/python deploy/check_manifests.py

fix: setup-dev ## Mend what lint can mend
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .

##@ Make
protos: setup-dev ## Write the stubs again
	@tools/protos.sh

client: setup-dev ## Write the client that waits again, from the one for asyncio
	@$(BIN)/python tools/sync_client.py

lock: setup-dev ## Write the locks again; the newest releases by ARGS=--upgrade
	@$(BIN)/python tools/lock.py $(ARGS)

docs: setup-dev ## Write generated pages again
	@$(BIN)/python tools/measures_page.py

samples: setup-dev ## Render the committed sample clips again
	@$(BIN)/python -m motus_samples committed

train: setup-dev ## Train the model that names movements again: ARGS="--seeds 8"; it takes minutes
	@VIRTUAL_ENV=$(CURDIR)/.venv $(BIN)/uv pip install --quiet -c requirements.lock --group training
	@$(BIN)/python services/kinematics/training/train.py $(ARGS)

##@ Measure
accuracy: setup-dev ## How true it is, by clips, motion capture, synthetic athletes: ARGS=--json
	@$(BIN)/python bench/accuracy.py $(ARGS)

accuracy-gates: setup-dev ## Hold the synthetic athletes' figures against their gates, as CI does
	@$(BIN)/pytest -m accuracy

accuracy-full: setup-dev ## 1,000 sets of each movement, view and noise: takes days
	@$(BIN)/python bench/accuracy.py --synthetic --full $(ARGS)

gallery: setup-dev ## Draw what is measured of each movement, or of clips: ARGS=clip.mp4
	@$(BIN)/python bench/gallery.py $(ARGS)

bench: setup-dev ## Run a bench: NAME=pipeline ARGS=--json; all of them without a name
	@for name in $(or $(NAME),$(filter-out gallery,$(basename $(notdir $(wildcard bench/*.py))))); do $(BIN)/python bench/$$name.py $(ARGS) || exit 1; done

clean: ## Remove what was built here, the virtual environment included
	rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis motus-out
