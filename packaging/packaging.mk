# What is handed out, and the name of the module. The Makefile includes this.

.PHONY: rename

rename: ## Give the module a path that a host serves (MODULE=host/owner/benthos-segment)
	@go -C packaging run ./rename -root $(CURDIR) '$(MODULE)'
	@$(TOOL) gofumpt -w .
