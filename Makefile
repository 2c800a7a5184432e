# `make` alone lists the targets.
SHELL := /bin/bash
PYTHON := .venv/bin/python
.DEFAULT_GOAL := help
.PHONY: help audit bench fuzz overload soak evaluate pictures setup setup-dev train start test check start-time lock clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what the service needs into .venv
	@scripts/setup

setup-dev: ## install what the tests need besides
	@scripts/setup --dev

train: setup ## train the model, if anything it depends on changed
	@$(PYTHON) -W ignore -m folderwijs train

start: train ## set up, train when the data changed, and serve
	@exec $(PYTHON) -W ignore -m folderwijs serve

test: setup-dev ## set up and run every test
	@scripts/test

check: setup ## check the leaflets, the practice's details and the alarm signs
	@$(PYTHON) -W ignore -m folderwijs check

evaluate: setup-dev ## measure the understanding and write docs/evaluation.md (20 minutes)
	@PYTHONPATH=. $(PYTHON) -W ignore -m evaluation.report

audit: setup ## look up the known vulnerabilities of the locked packages
	@scripts/audit

overload: train ## put ten times the load on the service that it can bear, for two minutes
	@PYTHONPATH=. $(PYTHON) -W ignore -m benchmarks.overload

soak: setup-dev train ## put steady load on the service for 30 minutes, with a plot of memory and latency
	@PYTHONPATH=. $(PYTHON) -W ignore -m benchmarks.soak

fuzz: setup-dev train ## send 100,000 fuzzed messages through the whole stack
	@PYTHONPATH=. $(PYTHON) -W ignore -m fuzzing
bench: setup-dev train ## measure speed and memory beside stock Rasa and write docs/performance.md (one to two hours)
	@PYTHONPATH=. $(PYTHON) -W ignore -m benchmarks

pictures: setup-dev train ## take the pictures of the chat in docs/ anew (needs chromium)
	@scripts/pictures

start-time: train ## measure the time from process start to first answer
	@$(PYTHON) -W ignore -m folderwijs start-time

lock: setup-dev ## write the locked requirements anew
	@scripts/lock

clean: ## remove everything that was made
	rm -rf .venv .cache models build .mypy_cache .ruff_cache .pytest_cache .coverage
