# `make help` lists the targets. CI calls `make test` and nothing else.
GOLANGCI_VERSION := v2.7.2
FUZZTIME         ?= 10s
IMAGE            ?= pairsim:dev
ARGS             ?=

VERSION  := $(or $(shell git describe --tags --always --dirty 2>/dev/null),dev)
BUILD    := go build -ldflags '-s -w -X main.version=$(VERSION)'
# Runs a command with the native Pact library and the tag pact, where that can be had.
WITH_PACT := bash scripts/pact.sh
# The Go version is part of the name: a linter built by an older Go refuses newer code.
GOLANGCI := .tools/golangci-lint-$(GOLANGCI_VERSION)-$(shell go env GOVERSION 2>/dev/null)

# Everything is compiled in one way, but what needs cgo (the race detector, Pact): what one target has compiled, the next
# finds in Go's cache. The tags are those of gobuild.Tags. The version comes from VERSION;
# Go's own stamping fails in a clone that another user owns.
export CGO_ENABLED := 0
export GOFLAGS := $(strip -buildvcs=false -trimpath -tags=nomsgpack,grpcnotrace $(GOFLAGS))

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help setup build demo docs evidence cockpit cockpit-check browser screenshots test check unit containers contracts verify-provider verify-consumer lint fmt vet fuzz mutate soak bench image image-test dist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "%-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## install what a fresh machine lacks, start a container engine
	@bash scripts/setup.sh

build: ## bin/pairsim, one static binary
	$(BUILD) -o bin/pairsim ./cmd/pairsim

demo: build ## the story of four pairings; ARGS="--exit" ends after it
	@bin/pairsim demo $(ARGS)

docs: ## docs/lifecycle.md and docs/sources.md from the tables of the rules, docs/evidence.md from the tests; tests say when they are out of date
	go run ./internal/lifecycledoc docs/lifecycle.md
	go test -count=1 ./internal/sources -update
	go run ./internal/evidence/cmd docs/evidence.md

evidence: ## docs/evidence.md, after the features have recorded anew which operations they exercise
	go test -count=1 -run '^TestFeatures$$' ./features -record
	go run ./internal/evidence/cmd docs/evidence.md

cockpit: ## the cockpit's pages, from btp/cockpit/web into btp/cockpit/dist, which is committed; needs Node
	@bash scripts/cockpit.sh build

cockpit-check: ## types of the pages, and whether what is committed is what they build to; needs Node
	@bash scripts/cockpit.sh check

browser: ## the cockpit in a headless Chromium, with axe-core; needs Chromium and Node
	@bash scripts/cockpit.sh install
	go test -tags browser,nomsgpack,grpcnotrace -count=1 -timeout 30m ./features/browser

screenshots: ## pictures of every page, into docs/images; look at them
	@bash scripts/screenshots.sh

test: setup lint cockpit-check unit browser containers image-test ## everything; installs what a fresh machine lacks

check: lint unit ## the quick part of test, before a commit

unit: ## rules, stores, features in-process, contracts, with the race detector
	CGO_ENABLED=1 $(WITH_PACT) go test -race -ldflags=-w -shuffle=on -timeout 30m ./...

contracts: ## the pacts of both sides, held against ours; prints what they cover
	@PACT_REQUIRED=true $(WITH_PACT) go test -count=1 ./contracts/...
	@go run ./contracts/cmd/coverage

verify-provider: ## a foreign PROVIDER=btp at PROVIDER_BASE_URL, states at STATE_URL, against our pacts
	@PACT_REQUIRED=true $(WITH_PACT) go run ./contracts/cmd/verify provider

verify-consumer: ## a foreign consumer's PACT=FILE against our simulator
	@PACT_REQUIRED=true $(WITH_PACT) go run ./contracts/cmd/verify consumer

containers: ## the landscape, features and network faults across containers
	@bash scripts/containers.sh

# The linter reads all dependencies, and would spend a third of its time on collecting garbage.
lint: export GOGC := 400
lint: export GOMEMLIMIT := 3GiB
lint: $(GOLANGCI) ## the import arrows, the tables, formatting, what go vet finds, and the OpenAPI documents
	@$(GOLANGCI) run
	@bash scripts/spectral.sh

fmt: $(GOLANGCI) ## format the code
	$(GOLANGCI) fmt

vet: ## go vet
	go vet ./...

fuzz: ## every fuzz target, FUZZTIME=10s each
	@bash scripts/fuzz.sh $(FUZZTIME)

mutate: ## break every rule once, on a copy, and see tests fail; ARGS="-only token-*", -list, -update
	nice go run ./internal/mutate $(ARGS)

soak: ## volumes and races in full; make test runs 1/100 of them
	PAIRSIM_VOLUME=full go test -count=1 -timeout 60m ./...
	PAIRSIM_VOLUME=full CGO_ENABLED=1 go test -race -count=1 -timeout 60m -run 'InEnvironments|OfAnotherEnvironment' ./features ./testenv

bench: ## the budgets, as ratios to a floor measured in the same run
	go run ./internal/bench

image: ## container image pairsim:dev with the binary built here; pulls nothing
	GOOS=linux $(BUILD) -o bin/linux/pairsim ./cmd/pairsim
	@bash scripts/image.sh bin/linux/pairsim $(IMAGE)

image-test: ## pair with the image from outside, with curl and openssl
	@bash scripts/image_test.sh $(IMAGE)

dist: ## what is released: binaries, image archives and their checksums in dist/; the same each time
	go run ./internal/dist $(VERSION) dist

clean: ## remove what was built; keeps the linter in .tools
	rm -rf bin dist

$(GOLANGCI):
	GOBIN=$(CURDIR)/.tools go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	@mv .tools/golangci-lint $@
