# Every command of this repository. `make demo` and `make test` need Go alone; what the others need they fetch, pinned.

GOFUMPT     := mvdan.cc/gofumpt@v0.12.0
STATICCHECK := honnef.co/go/tools/cmd/staticcheck@v0.8.2
MODULES     := . sandbox
IN_EACH      = @set -e; for module in $(MODULES); do echo "$$module: $(1)"; (cd $$module && $(1)); done


.PHONY: help demo sandbox test faults check generate fresh format

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: ## Walk through all 15 operations, on a sandbox in process or on the server that UPVEST_API_* names.
	@cd sandbox && go run ./cmd/demo $(ARGS)

sandbox: ## Run the sandbox as a server on loopback; ARGS are its flags.
	@cd sandbox && go run ./cmd/upvest-sandbox $(ARGS)

test: ## Run all tests with the race detector.
	$(call IN_EACH,go test -race ./...)

faults: ## Print the fault matrix: what callers are told when every fault meets every operation.
	@cd sandbox && go test -count=1 -v -run 'TestFaultMatrix$$' ./faultmatrix | sed -n '/^fault /,/cells/p;/^ok\|FAIL/p'

check: fresh ## Check that everything is generated, formatted, vetted, linted and tidy.
	@unformatted=$$(go run $(GOFUMPT) -l .) && test -z "$$unformatted" || { echo "run make format for: $$unformatted"; exit 1; }
	$(call IN_EACH,go vet ./...)
	$(call IN_EACH,go run $(STATICCHECK) ./...)
	$(call IN_EACH,go mod tidy -diff)

fresh: ## Check that the generated code is what openapi.yaml and the overlay make.
	@fresh=$$(mktemp -d) && trap 'rm -rf "$$fresh"' EXIT && \
	for config in oapi-codegen.yaml sandbox/oapi-codegen.yaml; do \
		output=$$(sed -n 's/^output: //p' $$config) && \
		sed "s|^output: .*|output: $$fresh/code|" $$config > "$$fresh/config.yaml" && \
		go tool -modfile=tools.mod oapi-codegen -config "$$fresh/config.yaml" openapi.yaml && \
		diff -q "$$fresh/code" $$output || exit 1; \
	done

generate: ## Make the generated code again.
	go generate ./...

format: ## Format all Go code.
	@go run $(GOFUMPT) -w .
