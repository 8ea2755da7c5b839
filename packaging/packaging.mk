# What is handed out, and the name of the module. The Makefile includes this.

.PHONY: sandbox rename

sandbox: export GOFLAGS := $(GO_FLAGS)

sandbox: ## Build bin/segment-sandbox, the sandbox alone: small, static, without the engine
	@mkdir -p bin
	CGO_ENABLED=0 go build -ldflags '-s -w -X main.Version=$(VERSION)' -o bin/segment-sandbox ./cmd/segment-sandbox

rename: ## Give the module a path that a host serves (MODULE=host/owner/benthos-segment)
	@go -C packaging run ./rename -root $(CURDIR) '$(MODULE)'
	@$(TOOL) gofumpt -w .
