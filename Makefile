# Every command of this repository. `make demo` and `make test` need Go alone; what the others need they fetch, pinned.

GOLANGCI    := v2.15.0
LINT        := build/golangci-$(GOLANGCI)/golangci-lint
RACE        := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
FUZZTIME    ?= 1m
SEEDS       ?= 2000
FLEET_ACCOUNTS ?= 100000
SUITES      ?= ../shared/suites
NODE        := build/node/node_modules/.package-lock.json
PROOF       := cd proof && CONTRACT=1 go test -count=1
LOGO        := data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%2248%22 height=%2216%22%3E%3Ctext y=%2212%22 font-family=%22sans-serif%22 font-size=%2212%22 fill=%22gray%22%3ERedoc%3C/text%3E%3C/svg%3E

# Runs a command in every module. The workspace raises each module to the highest version
# that any of them requires, so the client runs without it: its importers get less.
IN_EACH      = @set -e; modules=$$(.ci/modules); count=$$(echo $$modules | wc -w); n=0; export GOWORK; \
	for module in $$modules; do n=$$((n + 1)); GOWORK=; test $$module != . || GOWORK=off; \
	echo "[$$n/$$count] $$module: $(strip $(1))"; (cd $$module && $(1)); done

# Neither Redocly CLI nor the page that it builds reports that it is used.
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

.PHONY: help demo sandbox test bench bench-sandbox bench-fleet faults fleet fleet-chaos simulate fuzz check contract docs generate fresh
.PHONY: addition cross dist histories first-order format images release-check suites

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

first-order: ## Run the README's first order on a sandbox that ends with it; needs Go alone.
	@echo 'Builds the sandbox and the first order of the README and runs both; the first build takes about a minute.'
	@cd sandbox && go build -o ../build/upvest-sandbox ./cmd/upvest-sandbox
	@cd examples && ../build/upvest-sandbox -- go run ./firstorder

demo: ## Walk through all operations, on a sandbox in process or on the server that UPVEST_API_* names.
	@echo 'Builds the tour of all operations and runs it; the first build takes about a minute.'
	@cd examples && go run ./tour $(ARGS)

sandbox: ## Build build/upvest-sandbox, one static binary, and run it on loopback until Ctrl-C: it says what to source; ARGS are its flags.
	@cd sandbox && CGO_ENABLED=0 go build -o ../build/upvest-sandbox ./cmd/upvest-sandbox
	@exec build/upvest-sandbox -env-file sandbox.env $(ARGS)

test: ## Run all tests, with the race detector where there is the C compiler that it needs.
	@echo 'Tests one module after the other; the first run compiles for about a minute before its first result.'
	$(call IN_EACH,go test $(RACE) ./...)

bench: ## Measure the client beside the work itself, in about three minutes; ARGS are flags, as in -bench Order -rounds 3.
	@mkdir -p build && cd proof && go run ./bench -raw ../build/bench.txt $(ARGS)

bench-sandbox: ## Measure how the sandbox bears a million accounts, in about three minutes, and hold that against what is wanted.
	@cd sandbox && go run ./internal/bench

bench-fleet: ## Measure how fast a fleet places orders, with FLEET_ACCOUNTS (100,000) waiting, beside the same client without the engine.
	@cd fleet && FLEET=bench FLEET_ACCOUNTS=$(FLEET_ACCOUNTS) go test -count=1 -timeout 60m -v -run '^TestBench$$' ./bench

faults: ## Print the fault matrix: what callers are told when every fault meets every operation.
	@cd proof && result=$$(go test -count=1 -v -run 'TestFaultMatrix$$' ./faultmatrix) || { echo "$$result"; exit 1; }; \
	echo "$$result" | sed -n '/^fault /,/cells/p'

simulate: ## Simulate SEEDS months (2,000), or the one of SEED, of calls and of all that goes wrong; print what was tried and the worst figures.
	@cd proof/simulation && go test -count=1 -timeout 0 -run 'TestMonths$$' -report $(if $(SEED),-seed $(SEED),-seeds $(SEEDS))

images: ## Build the container images of the sandbox and the fleet with buildah, as root and without a registry, and run them.
	@mkdir -p build/images/keys && cp /etc/ssl/certs/ca-certificates.crt build/images
	@cd sandbox && CGO_ENABLED=0 go build -trimpath -o ../build/images/upvest-sandbox ./cmd/upvest-sandbox
	@cd fleet && CGO_ENABLED=0 go build -trimpath -o ../build/images/fleet .
	@cd proof && IMAGES=1 go test -count=1 -v ./images

histories: ## Judge SEEDS histories (2,000), or the one of SEED, of orders that several clients place and cancel, with porcupine.
	@cd proof/histories && go test -count=1 -timeout 0 $(if $(SEED),-seed $(SEED),-seeds $(SEEDS))

fleet: ## Place 2,000 orders with three workers on SQLite, one of them killed, the server failing in every way; needs Go alone.
	@cd fleet && FLEET=fleet go test -count=1 -timeout 1h -v -run 'TestFleet$$' .

fleet-chaos: ## Do whatever can happen to a fleet on PostgreSQL (Debian's package postgresql); FLEET_ACCOUNTS takes more than 5,000.
	@cd fleet && FLEET=fleet-chaos go test -count=1 -timeout 24h -v -run 'Test(Chaos|Control|(Restore|Clocks|Identity|Names|Neighbor)(Control)?)$$' .

suites: ## Run the public test suites in SUITES (../shared/suites), and print how many of their cases hold.
	@export SUITES='$(abspath $(SUITES))'; for package in sandbox/internal/signature proof/suites; do \
	result=$$(cd $$package && go test -count=1 -v .) || { echo "$$result"; exit 1; }; \
	echo "$$result" | grep -E ' cases, | is missing' | sed 's/^ *[a-z_]*_test.go:[0-9]*: //'; done

fuzz: ## Run every fuzz target for FUZZTIME (a minute).
	@set -e; modules=$$(.ci/modules); for module in $$modules; do cd $(CURDIR)/$$module; \
	for package in $$(go list ./...); do \
	for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
		echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; \
	done; done; done

check: fresh ## Check that everything is generated, formatted, vetted, linted and tidy.
	$(call IN_EACH,go vet ./...)
	@echo "check: style"; go run ./proof/style .
	@echo "check: golangci-lint"; $(MAKE) -s --no-print-directory $(LINT)
	@$(LINT) run --allow-parallel-runners $$(.ci/modules | sed 's|$$|/...|')
	@echo "check: every linter reports its control"
	@cd proof && GOLANGCI_LINT=$(CURDIR)/$(LINT) go test -count=1 -run '^TestLinters$$' ./style
	@echo "check: go mod tidy"; .ci/tidy -diff

$(LINT):
	@echo "check: compile golangci-lint $(GOLANGCI), once, in about three minutes"
	@GOBIN=$(CURDIR)/$(dir $(LINT)) GOWORK=off go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI)

cross: ## Build all modules for Windows, and vet them with their tests for macOS.
	$(call IN_EACH,GOOS=windows CGO_ENABLED=0 go build ./...)
	$(call IN_EACH,GOOS=darwin CGO_ENABLED=0 go vet ./...)

fresh: ## Check that the generated code is what openapi.yaml and the overlay make.
	@$(PROOF) -run '^Test(GeneratedCodeIsFresh|StaleCodeIsFound)$$' ./drift

contract: ## Hold the contract against oasdiff, Redocly CLI, Prism and an importer; what needs Node.js is skipped without it.
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(NODE); \
	elif test "$$CI" = true; then echo "contract: npm is missing" >&2; exit 1; \
	else echo "contract: npm is missing, so Redocly CLI and Prism are skipped"; fi
	@$(PROOF) ./handlers && CONTRACT=1 go test -count=1 ./drift

dist: ## Build all programs for Linux, macOS and Windows into build/dist, with SBOM and checksums, and test that they are reproducible.
	@rm -rf build/dist && .ci/dist build/dist && ls -l build/dist
	@cd proof && DIST=1 go test -count=1 -timeout 10m -run '^Test(ProgramsAreReproducible|UnreleasedModulesCanBeUsed)$$' ./supply

addition: ## Add an operation and a field in a copy, and follow the findings of make contract, which has to run before.
	@cd proof && result=$$(ADDITION=1 go test -count=1 -v -timeout 15m ./addition) || { echo "$$result"; exit 1; }; \
	echo "$$result" | sed -n 's/^ *addition_test.go:[0-9]*: //p'

$(NODE): proof/contract-check/package.json proof/contract-check/package-lock.json
	@mkdir -p build/node && cp $^ build/node && npm ci --prefix build/node --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# The page would fetch the logo of Redoc: a picture of that name takes its place.
docs: $(NODE) ## Build the API reference, build/docs/index.html, and look at it in headless Chromium.
	@command -v chromium >/dev/null || { echo "docs: chromium is missing; Debian's package is chromium" >&2; exit 1; }
	@mkdir -p build/docs && rm -f build/docs/*
	@build/node/node_modules/.bin/redocly build-docs openapi.yaml --config proof/contract-check/redocly.yaml \
		--inlineBundle -o build/docs/index.html 2>build/docs/log || { cat build/docs/log; exit 1; }
	@sed -i 's|https://cdn.redoc.ly/redoc/logo-[a-z-]*.svg|$(LOGO)|g' build/docs/index.html
	@export DOCS=1; $(PROOF) -run '^TestDocs$$' ./drift && echo "build/docs/index.html, build/docs/screenshot.png"

release-check: ## Release all modules to a temporary module proxy, then import, install and check them from outside of the repository.
	@cd proof && RELEASE=1 go test -count=1 -v -timeout 20m ./release

generate: ## Make the generated code again.
	go generate ./...

format: $(LINT) ## Format all Go code.
	@$(LINT) fmt
