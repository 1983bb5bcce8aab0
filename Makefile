# Everything a person or CI runs here. Each command sets up the tools it needs below .tools/, once.

.DEFAULT_GOAL := help
.PHONY: help setup demo demo-approval demo-runner demo-stack package image runner-image release try-release test conformance lint bench docs docs-site pictures plans fuzz clean
# One step after the other, so that the output reads in order and the first failure is the last line.
.NOTPARALLEL:

export PATH := $(CURDIR)/.tools/bin:$(PATH)
# Where tests find terraform, cargo-lambda and moto_server.
export RUNTASK_TOOLS := $(CURDIR)/.tools/bin

SETUP := python3 tools/setup.py
RUNTASK := cargo run --quiet --release --locked --package runtask-cli --
PUBLIC := examples/public-bucket
HANDLERS := runtask-request-handler runtask-callback-handler runtask-report-handler

# What to package for; and this machine's own architecture, for which tests need the packages.
ARCHITECTURE ?= x86_64
MACHINE := $(subst aarch64,arm64,$(shell uname -m))

# Who judges formatting where it is deployed, as the variable fmt_engine says it: `make package FMT_ENGINE=native` leaves
# terraform out.
FMT_ENGINE ?= terraform

# Whether people approve runs where it is deployed: `make package APPROVALS=1`, for the variable approvals.
APPROVALS ?=

# Tasks and policies to deploy: `make package POLICY=DIRECTORY`, where the directory holds a runtask.toml.
POLICY ?=

# Whether results link to pages of their own: `make package REPORTS=1`, for the variable reports of infra/.
REPORTS ?=

# Scanners to deploy: `make package SCANNERS=LIST`, where `sha256sum PROGRAM… > LIST` has made the list.
SCANNERS ?=

# OPA's conformance suite: `make conformance CASES=FILE`.
CASES ?=

# Where Cargo builds.
TARGET := $(or $(CARGO_TARGET_DIR),target)

# How long, and what: `make fuzz FUZZ_SECONDS=600 FUZZ_TARGET=payload`.
FUZZ_SECONDS ?= 60
FUZZ_TARGET ?=

# Which plans to make again, unless all: `make plans PLANS="buckets iam"`.
PLANS ?=

# What to make of a release, unless all, and the tag that it has to have: `make release ONLY=module`, `make release TAG=v0.2.0`.
ONLY ?=
TAG ?=

# How many tests run at a time. Most of them wait for something, so it is more than there are processors.
TEST_THREADS ?= $(shell n=$$(getconf _NPROCESSORS_ONLN) && echo $$((n > 8 ? n : 8)))

# For texts that are arguments of a call.
comma := ,
# $(call step,TEXT): says in one line what comes next.
step = @printf '\n==> %s\n' '$(1)'
# $(call expect,CODE,COMMAND): runs a command that must end with this exit code.
expect = $(2); code=$$?; [ $$code -eq $(1) ] || { echo "exit code $$code where $(1) was expected" >&2; exit 1; }

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

setup: ## Set up every tool that the commands below use, except those for fuzz and docs-site
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers lambda moto redis browser ci-local scan deny actions sbom

# It needs no terraform: files are judged by the formatter that is built in.
demo: export RUNTASK_FMT_ENGINE := native
demo: ## Play HCP Terraform against the run task: an unformatted configuration, a formatted one, a plan with a public bucket
	$(call step,Building runtask)
	@cargo build --release --locked --package runtask-cli
	$(call step,A configuration that terraform fmt would change - the run task fails it$(comma) without any terraform: RUNTASK_FMT_ENGINE=native runtask simulate examples/unformatted)
	@$(call expect,1,$(RUNTASK) simulate examples/unformatted)
	$(call step,The same configuration once formatted - the run task passes it: runtask simulate examples/formatted)
	@$(call expect,0,$(RUNTASK) simulate examples/formatted)
	$(call step,A plan with a public bucket - policies fail it: runtask simulate examples/public-bucket --plan … --config … --task policy)
	@$(call expect,1,$(RUNTASK) simulate $(PUBLIC) --plan $(PUBLIC)/plan.json --config $(PUBLIC)/runtask.toml --task policy)

demo-approval: ## Play a run that people have to approve: open the address that is printed, and sign in as one of three
	$(call step,Building runtask)
	@cargo build --release --locked --package runtask-cli
	$(call step,A plan that destroys something - two people have to approve it: runtask simulate examples/approval --plan …)
	@$(RUNTASK) simulate examples/approval --plan examples/approval/plan.json --workspace payments-prod

demo-runner: ## Play GitLab, Lambda and AWS around the GitLab runner: a pipeline from push to apply, with real terraform; IMAGE=file takes the function out of an image of runner-image
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers moto
	$(call step,Building the runner and its stand-ins)
	@cargo build --quiet --locked --package gitlab-runner-function --package gitlab-runner-command --package runtask-tests --bin gitlab-runner-function --bin runtask-runner --bin demo-runner
	$(call step,A pipeline: validate$(comma) plan$(comma) and apply by hand)
	@$(if $(IMAGE),python3 -B tools/runner_image_try.py '$(IMAGE)',$(TARGET)/debug/demo-runner)

demo-stack: ## Play a run through all four stages with scanners, costs, notifications, and a page behind the link
	$(call step,Setting up tools below .tools/)
	@$(SETUP) scan
	$(call step,Building runtask and the demonstration)
	@cargo build --release --locked --package runtask-cli --bins --example common-stack
	$(call step,Playing a run through its four stages)
	@$(TARGET)/release/examples/common-stack $(TARGET)/release/runtask

package: ## Build what is deployed, for ARCHITECTURE (x86_64), with the tasks and policies of POLICY, a directory; FMT_ENGINE=native leaves terraform out, APPROVALS=1 adds approvals, REPORTS=1 pages of results, SCANNERS=LIST a layer with programs
	$(call step,Setting up tools below .tools/)
	@$(SETUP) $(if $(filter native,$(FMT_ENGINE)),,terraform) lambda
	$(call step,Building what is deployed)
	@python3 -B tools/package.py --architecture $(ARCHITECTURE) $(if $(POLICY),--policy '$(POLICY)') $(if $(filter native,$(FMT_ENGINE)),--without-terraform) $(if $(APPROVALS),--approvals) $(if $(REPORTS),--reports) $(if $(SCANNERS),--scanners '$(SCANNERS)')

image: ## Build the container image of runtask serve with buildah, podman or docker, and try it; IMAGE=name, BASE=image
	$(call step,Building the image)
	@python3 -B tools/image.py $(if $(IMAGE),--name '$(IMAGE)') $(if $(BASE),--base '$(BASE)')

runner-image: ## Build the image of the GitLab runner's function, and the zips beside it, for this machine's architecture
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers lambda
	$(call step,Building the image)
	@python3 -B tools/runner_image.py --architecture $(MACHINE)

release: ## Make everything that a version consists of, into target/dist; ONLY=part, TAG=the tag that it has to have
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform lambda sbom
	$(call step,Making a release)
	@python3 -B tools/release.py $(addprefix --only ,$(ONLY)) $(if $(TAG),--tag '$(TAG)')

try-release: ## Try what make release has made, as somebody would who has these files and nothing else
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers moto
	$(call step,Trying the release)
	@python3 -B tools/try_release.py

test: ## Run every test
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers lambda moto redis browser ci-local scan
	$(call step,Building the programs that tests start)
	@cargo build --workspace --bins --locked
	$(call step,Building what is deployed)
	@python3 -B tools/package.py --architecture $(MACHINE) --for-tests
	$(call step,Testing the workspace)
	@cargo test --workspace --locked --no-fail-fast -- --test-threads $(TEST_THREADS) --skip deploy::
	$(call step,Testing what is deployed)
	@cargo test --workspace --locked --test it -- --test-threads $(TEST_THREADS) deploy::
	$(call step,Testing tools/)
	@python3 -B -m unittest discover --start-directory tools

conformance: ## Hold the policy engine against OPA's conformance suite: CASES, a file of cases, one JSON object a line
	$(call step,Asking the policy engine)
	@cargo run --quiet --release --locked --package rego --example conformance -- '$(CASES)' crates/rego/conformance-excluded.txt

lint: ## Check formatting, lints, documentation, dependencies and what is linked
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform scan deny actions
	$(call step,Checking the workflows)
	@.tools/bin/actionlint -shellcheck= -pyflakes=
	$(call step,Checking the formatting of Rust)
	@cargo fmt --all --check
	$(call step,Checking the formatting of Terraform)
	@.tools/bin/terraform fmt -check -diff -recursive examples/formatted $(PUBLIC) tests/fixtures/plans $(wildcard infra tfe.tf)
	$(call step,Scanning infra/)
	@.tools/bin/checkov --config-file infra/.checkov.yaml
	$(call step,Linting with every feature)
	@cargo clippy --workspace --all-targets --all-features --locked -- -D warnings
	$(call step,Linting the handlers without their Lambda wiring)
	@cargo clippy $(addprefix --package ,$(HANDLERS) runtask-tests) --no-default-features --locked -- -D warnings
	$(call step,Building the documentation)
	@RUSTDOCFLAGS=-Dwarnings cargo doc --workspace --all-features --no-deps --document-private-items --locked
	$(call step,Checking the page of variables)
	@python3 -B tools/make_variables.py --check
	$(call step,Checking the pages of keys and codes)
	@python3 -B tools/make_reference.py --check
	$(call step,Checking the tables of Unicode)
	@python3 -B tools/make_unicode_tables.py --check
	$(call step,Checking what is linked)
	@python3 -B tools/check_tree.py
	$(call step,Checking the licences and sources of dependencies)
	@cargo deny --locked check --hide-inclusion-graph bans licenses sources
	$(call step,Checking dependencies for known vulnerabilities)
	@if cargo deny --locked --log-level off fetch db; then \
		cargo deny --locked --offline check --hide-inclusion-graph advisories; \
	else \
		echo 'advisories were NOT checked: the RustSec database could not be fetched'; \
	fi

bench: ## Measure, and write docs/performance.md
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform lambda moto redis scan
	$(call step,Building what is measured, and measuring)
	@cargo run --release --locked --package runtask-tests --bin bench

docs: ## Write what is made of the sources: docs/variables.md, keys.md with its schema, codes.md and rules.md, and rules.json for the program
	$(call step,Writing docs/variables.md)
	@python3 -B tools/make_variables.py
	$(call step,Writing crates/runtask-policy/rego/rules.json)
	@cargo run --quiet --release --locked --package runtask-policy --example rules_json > target/rules.json
	@mv target/rules.json crates/runtask-policy/rego/rules.json
	$(call step,Building runtask)
	@cargo build --release --locked --package runtask-cli
	$(call step,Writing docs/runtask.schema.json$(comma) docs/keys.md and docs/codes.md)
	@$(RUNTASK) schema > target/runtask.schema.json
	@mv target/runtask.schema.json docs/runtask.schema.json
	@python3 -B tools/make_reference.py
	$(call step,Writing docs/rules.md)
	@sed '/^## /,$$d' docs/rules.md > target/rules.md
	@$(RUNTASK) policy explain --all --markdown >> target/rules.md
	@mv target/rules.md docs/rules.md

docs-site: ## Build a site of the documentation, with a search, into target/site/html
	$(call step,Setting up tools below .tools/)
	@$(SETUP) site
	$(call step,Building the site)
	@python3 -B tools/docs_site.py

pictures: ## Draw docs/pictures: what people see, in a real browser
	$(call step,Setting up tools below .tools/)
	@$(SETUP) browser cards
	$(call step,Building runtask and what draws)
	@cargo build --locked --package runtask-cli --package runtask-tests --bin runtask --bin pictures
	$(call step,Drawing)
	@$(TARGET)/debug/pictures

plans: ## Make the plans of tests/fixtures/plans again, or only PLANS
	$(call step,Setting up tools below .tools/)
	@$(SETUP) terraform providers moto
	$(call step,Making plans)
	@python3 -B tools/make_plans.py $(PLANS)

fuzz: ## Fuzz each target for FUZZ_SECONDS (60), or only FUZZ_TARGET; needs a nightly toolchain
	$(call step,Setting up tools below .tools/)
	@cargo +nightly --version >/dev/null 2>&1 || { echo 'fuzzing needs nightly Rust: rustup toolchain install nightly' >&2; exit 2; }
	@$(SETUP) fuzz
	@cd tests && targets="$(or $(FUZZ_TARGET),$$(cargo +nightly fuzz list))" && for target in $$targets; do \
		printf '\n==> Fuzzing %s for %s s\n' "$$target" $(FUZZ_SECONDS); \
		mkdir -p "fuzz/corpus/$$target" && \
		cargo +nightly fuzz run "$$target" "fuzz/corpus/$$target" $$(ls -d "fuzz/seeds/$$target" 2>/dev/null) -- \
			-max_total_time=$(FUZZ_SECONDS) || exit 1; \
	done

clean: ## Delete everything that these commands made: builds and tools
	cargo clean
	rm -rf .tools tests/fuzz/target
