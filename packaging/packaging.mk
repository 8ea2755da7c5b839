# What is handed out, and the name of the module. The Makefile includes this.

.PHONY: sandbox connect-plugin rename

sandbox connect-plugin: export GOFLAGS := $(GO_FLAGS)

sandbox: ## Build bin/segment-sandbox, the sandbox alone: small, static, without the engine
	@mkdir -p bin
	CGO_ENABLED=0 go build -ldflags '-s -w -X main.Version=$(VERSION)' -o bin/segment-sandbox ./cmd/segment-sandbox

connect-plugin: ## Build bin/connect-plugin, the output as a dynamic plugin of Redpanda Connect, with its plugin.yaml
	@mkdir -p bin/connect-plugin
	CGO_ENABLED=0 go build -ldflags '-s -w' -o bin/connect-plugin/segment-connect-plugin ./cmd/segment-connect-plugin
	@bin/connect-plugin/segment-connect-plugin manifest > bin/connect-plugin/plugin.yaml

rename: ## Give the module a path that a host serves (MODULE=host/owner/benthos-segment)
	@go -C packaging run ./rename -root $(CURDIR) '$(MODULE)'
	@$(TOOL) gofumpt -w .
