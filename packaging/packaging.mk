# What is handed out, and the name of the module. The Makefile includes this, and
# packaging/README.md explains it.

.PHONY: sandbox static connect-plugin manifests packages images npm first-event reproducible release-tools release-snapshot release has-remote rename

sandbox static connect-plugin packages images npm first-event: export GOFLAGS := $(GO_FLAGS)
# The static binaries of bin/static are those of a release, for what is made for Linux.
STATIC := CGO_ENABLED=0 GOOS=linux go build -ldflags '-s -w $(LDFLAGS)'
# Where no tag is, packages still need a version that has an order.
SEMVER := $(shell git describe --tags --match 'v[0-9]*' --dirty 2>/dev/null || echo 'v0.0.0-g$(VERSION)')
PACKED := -version '$(SEMVER)' -date '$(DATE)'
HANDED := $(CURDIR)/bin

sandbox: ## Build bin/segment-sandbox, the sandbox alone: small, static, without the engine
	@mkdir -p bin
	CGO_ENABLED=0 go build -ldflags '-s -w -X main.Version=$(VERSION)' -o bin/segment-sandbox ./cmd/segment-sandbox

connect-plugin: ## Build bin/connect-plugin, the output as a dynamic plugin of Redpanda Connect, with its plugin.yaml
	@mkdir -p bin/connect-plugin
	CGO_ENABLED=0 go build -ldflags '-s -w' -o bin/connect-plugin/segment-connect-plugin ./cmd/segment-connect-plugin
	@bin/connect-plugin/segment-connect-plugin manifest > bin/connect-plugin/plugin.yaml

manifests: ## Write the plain manifests for Kubernetes from the chart
	cp config/kafka_scaled.yaml config/gateway.yaml packaging/kubernetes/chart/files/
	go -C packaging/kubernetes run .

static: # Build bin/static/benthos-segment, as a release has it: packages and images are made of it
	$(STATIC) -o bin/static/benthos-segment ./cmd/benthos-segment

packages: static ## Make the deb and the rpm of a static binary, in bin/packages
	go -C packaging run ./packages -binary $(HANDED)/static/benthos-segment -out $(HANDED)/packages $(PACKED)

images: static ## Make the images of both binaries without a container engine, in bin/images
	go -C packaging run ./images -binary $(HANDED)/static/benthos-segment -out $(HANDED)/images $(PACKED)
	$(STATIC) -o bin/static/segment-sandbox ./cmd/segment-sandbox
	go -C packaging run ./images -binary $(HANDED)/static/segment-sandbox -out $(HANDED)/images $(PACKED)
	@echo 'docker load -i takes each file. For packaging/compose/compose.yaml: export VERSION=$(patsubst v%,%,$(SEMVER))'

npm: sandbox ## Make the npm packages of the sandbox for this machine, in bin/npm
	@rm -rf bin/npm
	node packaging/npm/build.mjs --version '$(SEMVER)' --licence LICENSE --notice NOTICE --out bin/npm \
		"$$(node -p 'process.platform + "-" + process.arch')=bin/segment-sandbox"
	@cd bin/npm && npm pack --silent ./*/

first-event: build ## Follow docs/first-event.md in a fresh Debian, and say how long it took
	@go -C packaging test -count 1 -v -run '^TestTheFirstEvent' ./packages

reproducible: ## Build the commit in two folders, and compare the bytes (MAIN=./cmd/benthos-segment)
	@packaging/reproducible '$(or $(MAIN),./cmd/segment-sandbox)'

release-tools: ## Build the tools of a release, in bin/tools
	@mkdir -p bin/tools
	GOFLAGS= go build -modfile=packaging/tools.mod -o bin/tools/ \
		github.com/goreleaser/goreleaser/v2 github.com/CycloneDX/cyclonedx-gomod/cmd/cyclonedx-gomod

# Without a remote, goreleaser takes no version and no date from the commit.
has-remote:
	@git remote | grep -q . || { echo 'A release is made in a clone: git clone . ../release, and make it there.' >&2; exit 2; }

# The Go of a release also packs it. TARGETS are some of its targets alone.
release release-snapshot: export GOTOOLCHAIN := $(shell sed -n 's/^ *- GOTOOLCHAIN=//p' .goreleaser.yaml)
RECIPE := $(if $(TARGETS),bin/goreleaser.yaml,.goreleaser.yaml)

# On a busy machine, it takes longer than the hour that goreleaser would give it.
release-snapshot: has-remote release-tools ## Make all files of a release in dist/, and publish nothing: up to two hours (TARGETS='cloud/linux/amd64')
	$(if $(TARGETS),go -C packaging run ./only -root .. $(TARGETS) > $(RECIPE))
	PATH="$(HANDED)/tools:$$PATH" goreleaser check $(RECIPE)
	PATH="$(HANDED)/tools:$$PATH" goreleaser release --snapshot --clean --timeout 24h --config $(RECIPE)
	packaging/beside
	packaging/start dist
	@for binary in dist/benthos-segment_linux_$$(go env GOARCH)*/benthos-segment; do [ ! -e "$$binary" ] || { \
	go -C packaging test ./images -run Pipeline -static "$(CURDIR)/$$binary" && \
	go -C packaging test ./packages -count 1 -dist "$(CURDIR)/dist"; } || exit; done

release: has-remote release-tools ## Make all files of the release of the tag, in dist/: up to two hours
	PATH="$(HANDED)/tools:$$PATH" goreleaser release --clean --timeout 24h
	packaging/beside
	packaging/start dist

rename: ## Give the module a path that a host serves (MODULE=host/owner/benthos-segment)
	@go -C packaging run ./rename -root $(CURDIR) '$(MODULE)'
	@$(TOOL) gofumpt -w .
