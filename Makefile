# What this project does to itself. `make` alone lists the targets.
#
# Needed: Go (the version in go.mod is fetched by Go itself) and a POSIX shell.
# The tests of the page want Chromium. Where it is missing, `make test` says so and
# installs the package on Debian and its like; CHROMIUM=skip leaves these tests
# out. SDKs of other languages are tested where Node, Python and Java are.
# `make e2e` installs what it plays with, and so does `make test` in CI: Debian's
# packages of Java, Maven, Redis, Mosquitto, NATS, RabbitMQ, PostgreSQL, iproute2,
# iptables, nginx, HAProxy and Squid with apt-get, as root or by sudo, and Apache
# Kafka with Maven. The networks, those of a fleet among them, the full disk and
# the power cuts want root.
# Everything else is pinned in go.mod or, for the static checks, in
# internal/tools/go.mod and internal/sandbox/pagetest/package.json.

SHELL   := /bin/sh
# Somebody's go.work would build all modules with the versions of one, and the
# static checks not at all: CONTRIBUTING.md.
export GOWORK := off
BIN     := bin/benthos-segment
PAGETEST := internal/sandbox/pagetest
SDKTEST  := internal/sdktest
TOOL    := go tool -modfile=internal/tools/go.mod

# The version is that of the commit, and so is the date: the same commit gives
# the same binary, and an unchanged commit does not link it again.
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
DATE    := $(shell git log -1 --format=%cI 2>/dev/null || echo unknown)
LDFLAGS := -X main.Version=$(VERSION) -X main.DateBuilt=$(DATE)

# The race detector needs a C compiler. Where there is none, the tests still run.
ifeq ($(shell go env CGO_ENABLED),1)
RACE := -race
endif

# Packages that build every connector are tested without the race detector:
# the code of ours in them is thin, and a second build of all connectors is not.
RACED   = ./internal/... ./plugin/...
UNRACED = ./cmd/... ./config/... ./examples/...

# The binary is built by its profile, and Go compiles every package again that
# is built by another one, by none, or with other paths in it. So all that builds,
# tests and checks here does it the same way, and the connectors are compiled
# once: .ci/lint looks that they are. UNRACED has to be tested in one go, because
# Go applies the profile to what is imported by tests alone only where another
# package that it was asked for imports it too.
PROFILE  := $(CURDIR)/cmd/benthos-segment/default.pgo
GO_FLAGS := $(shell go env GOFLAGS) -trimpath '-pgo=$(PROFILE)'
build demo-gateway test lint docs alerts torture e2e poison soak nightly: export GOFLAGS := $(GO_FLAGS)

.DEFAULT_GOAL := help
.PHONY: help demo demo-gateway build goflags test chromium prometheus screenshot alerts torture e2e poison soak nightly vuln lint docs bench bench-quick bench-profile bench-growth bench-search bench-latency bench-gateway bench-pages bench-go fmt clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: build ## Send sample events to a local Segment and show what arrived (KEEP=1 keeps it up)
	@$(BIN) demo --dir bin/demo $(if $(KEEP),--keep)

demo-gateway: build chromium ## Let two SDKs in a headless browser send through the front door (KEEP=1 keeps it up)
	@command -v npm >/dev/null || { echo 'The SDKs for browsers come from npm, which is not here: install Node.js.' >&2; exit 1; }
	@npm install --prefix examples/gateway --no-save --ignore-scripts --no-audit --no-fund --silent
	@go -C $(SDKTEST) run ./demo -root $(CURDIR) $(if $(KEEP),-keep)

COMMUNITY = The components for AWS link files under the Redpanda Community License, which lets nobody offer them as a service: docs/licences.md names them. The build takes minutes.

# With the tag cloud, connectors are linked that are not free to use for everything,
# and the notice beside the binary is one of its own.
build: ## Build bin/benthos-segment (TAGS=cloud: with AWS, Google Cloud and Azure)
	@mkdir -p bin
	@[ -z '$(TAGS)' ] || go run ./internal/noticegen -tags '$(TAGS)' bin/NOTICE
	@case ' $(TAGS) ' in *' cloud '*) echo '$(COMMUNITY)';; esac
	go build $(if $(TAGS),-tags '$(TAGS)' )-ldflags '$(LDFLAGS)' -o $(BIN) ./cmd/benthos-segment

goflags: ## Print what lets go share what make has compiled: export GOFLAGS="$(make -s goflags)"
	@echo "$(GO_FLAGS)"

test: chromium prometheus shells ## Run every test (CHROMIUM=skip leaves out those of the page in a browser)
	@status=0; try() { echo "$$*"; "$$@" || status=1; }; \
	try go test $(RACE) $(RACED); \
	try go test $(UNRACED); \
	try go -C examples/pipeline-test test ./...; \
	try env GODEBUG=cpu.avx2=off go test ./internal/segment/...; : as on a processor without; \
	try go -C bench test ./...; \
	if [ "$$(uname -s)" = Linux ] && { [ -n "$$CI" ] || [ "$$(id -u)" = 0 ]; }; then \
	try $(MAKE) --no-print-directory static; fi; : for its image, which root alone can start; \
	try $(MAKE) --no-print-directory first-event; : with the binary that this builds, where release-snapshot tries the static one; \
	try go -C packaging test -p 1 -skip '^TestTheFirstEvent' ./...; \
	try go -C packaging/kubernetes test -tags keda ./...; \
	if [ '$(CHROMIUM)' = skip ]; then echo 'skip	$(PAGETEST): the tests of the page in a browser, because of CHROMIUM=skip'; \
	else try go -C $(PAGETEST) test ./...; fi; \
	try go -C internal/monitoring test .; \
	try go -C internal/torture test -parallel 4 ./...; \
	try go -C internal/e2e run . -prepare; : which installs in CI alone; \
	try go -C internal/e2e test -timeout 30m -p 1 -parallel 2 ./...; \
	try go -C examples/cookbook test -parallel 4; : with PostgreSQL, which e2e has installed in CI; \
	try go -C $(SDKTEST) test -parallel 4; : without ./... it shows what is left out; \
	exit $$status

chromium: ## Install Chromium where it is missing: the page is tested in it (CHROMIUM=skip)
	@.ci/chromium

.PHONY: shells
shells: # Install the shells whose completion is tested, where that asks nobody
	@.ci/shells

prometheus: ## Put Prometheus into bin/ where it is missing: dashboard and alerts are tested with it
	@.ci/prometheus

screenshot: build chromium ## Take pictures of the page: all into bin/screenshots, and docs/sandbox.png (SCENES=person)
	go -C $(PAGETEST) run ./screenshot $(CURDIR) $(SCENES)

alerts: chromium prometheus ## Take a picture of Prometheus' page of our alerts, into bin/screenshots
	@.ci/prometheus page
	@mkdir -p bin/screenshots
	ALERTS_PICTURE=$(CURDIR)/bin/screenshots/alerts.png go -C internal/monitoring test -count 1 -run EveryPanel .

# FLAGS are further ones, such as -race or -only JetStream.
torture: ## Kill everything at random and count what is lost (DURATION=10m SEED=1)
	go -C internal/torture run . $(if $(DURATION),-duration $(DURATION)) $(if $(SEED),-seed $(SEED)) $(FLAGS)

# What is missing is installed first: packages with apt-get, archives with Maven.
# FLAGS are further ones, such as -only 'aborted' or -calls 1000.
e2e: ## Put real brokers and networks through it: writes docs/guarantees.md (PART=kafka SEED=1)
	go -C internal/e2e run . $(if $(PART),-part '$(PART)') $(if $(SEED),-seed $(SEED)) $(FLAGS)

poison: ## Measure the cost of events that cannot be delivered
	go -C internal/torture run . -poison $(FLAGS)

# FLAGS may be -rate 1000, where a machine is too slow for 5,000 events a second.
soak: ## Let the traffic of days pass in an hour and say whether anything grows (DURATION=1h SEED=1)
	go -C internal/torture run . -soak $(if $(DURATION),-duration $(DURATION)) $(if $(SEED),-seed $(SEED)) $(FLAGS)

nightly: ## Run the torture and random scripts, and fuzz each target: an hour (SCRIPTS=2000 SEED= FUZZTIME=5m)
	@SCRIPTS='$(SCRIPTS)' SEED='$(SEED)' FUZZTIME='$(FUZZTIME)' .ci/nightly

# Not a part of lint: it asks a database on the network, which changes by itself.
vuln: ## Look for known vulnerabilities in what we link
	$(TOOL) govulncheck ./...

lint: build ## Run the static checks, over the code, the docs and every YAML we ship
	.ci/lint

docs: build ## Generate docs/ from the code, NOTICE from what is linked, and llms.txt from the pages
	go run ./internal/docsgen
	go run ./internal/noticegen
	$(BIN) schema > docs/benthos-segment.schema.json
	go run ./internal/llmsgen

# The bench module has the SDKs that we compare with, so that nobody who imports
# plugin downloads them. Where there is no npm, those for Node are left out.
bench: bin/bench ## Compare with other senders: a quarter of an hour, writes docs/benchmarks.md and bench/README.md
	bin/bench run -root . -save

bench-quick: bin/bench ## The same in one minute; only prints
	bin/bench run -root . -quick

bench-profile: bin/bench ## Where the time and the memory go: one minute, writes bench/README.md and default.pgo
	bin/bench profile -root . -save

bench-growth: bin/bench ## How the cost grows with what is sent: three minutes, writes bench/README.md
	bin/bench growth -root . -save

bench-search: bin/bench ## Search the best settings of the http_client recipe: four minutes, writes bench/README.md
	bin/bench search -root . -save

bench-latency: bin/bench ## How long an event takes until it is answered: five minutes, writes bench/README.md
	bin/bench latency -root . -save

bench-gateway: bin/bench ## Compare the front door with others: three minutes, writes bench/README.md
	bin/bench gateway -root . -save

bench-pages: ## Write the pages of the benchmarks again from the figures that are saved
	go -C bench run . pages -root $(CURDIR)

bench-go: ## Run the benchmarks of the Go packages
	go test -run '^$$' -bench . -benchmem ./internal/... ./plugin/...

# npm install keeps to the lock file too. npm ci refuses it where a registry does
# not have what other systems would need.
.PHONY: bin/bench
bin/bench: build
	go -C bench build -o ../bin/bench .
	@if command -v npm >/dev/null; then \
	npm install --prefix bench/node --no-save --ignore-scripts --no-audit --no-fund --silent; \
	else echo 'There is no npm here: the senders for Node are left out.'; fi

include packaging/packaging.mk

fmt: ## Format the code
	$(TOOL) gofumpt -w .

clean: ## Remove what was built
	rm -rf bin
