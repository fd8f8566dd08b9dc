# Hireline. `make` alone explains itself.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup environment acoustics demo test chaos eval lint format clean images

BIN := .venv/bin
export PYTHON ?= python3

help: ## show this list
	@echo "Hireline: open telephone interviews. Start with: make demo"
	@echo
	@sed -nE 's/^([a-z]+):[^#]*## (.*)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

setup: ## install what is missing: system packages, .venv, models, Asterisk (run as often as you like)
	@scripts/setup.sh

environment:
	@scripts/setup.sh environment

demo: setup ## set up, then hold one interview with a simulated candidate
	@$(BIN)/hireline demo

acoustics: environment ## install the extra `torch` (1 GB): features of finished calls
	@scripts/setup.sh acoustics

test: setup acoustics ## set up, then run every test: unit, loopback, real Asterisk
	@$(BIN)/python -m pytest

chaos: setup ## kill app, Asterisk and database connections through a campaign of 500 calls; SEED=n repeats the dice
	@$(BIN)/python -m tests.asterisk.campaign_chaos $(if $(SEED),--seed $(SEED))

eval: setup ## measure the understanding on the evaluation set
	@$(BIN)/hireline eval --no-misses tests/data/understanding

images: ## run the images' install steps in fresh Debian root file systems and start what they hold (minutes, 4 GB)
	@docker/check_images.sh

lint: environment ## check style, types and import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: environment ## put the code into the house's format
	@$(BIN)/ruff check --fix --exit-zero -q .
	@$(BIN)/ruff format .

clean: ## remove what setup and runs have made: .venv, models, Asterisk, database, caches
	rm -rf var .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
