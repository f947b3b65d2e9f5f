# The commands of this repository. `make demo` and `make test` need only Go. Some of the
# other commands download pinned versions of their tools, or fail if a program such as npm
# or buildah is missing.

GOLANGCI    := v2.15.0
LINT        := build/golangci-$(GOLANGCI)/golangci-lint
RACE        := $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)
# A program that is built with the race detector sleeps for one second before it exits.
# This setting shortens the sleep, because some tests run programs and wait for their end.
test: export GORACE ?= atexit_sleep_ms=20
FUZZTIME    ?= 1m
SEEDS       ?= 2000
FLEET_ACCOUNTS ?= 100000
SUITES      ?= ../shared/suites
NODE        := build/node/node_modules/.package-lock.json
# PROOF does not vet the tests that it runs, because `make check` vets all packages.
PROOF       := cd proof && CONTRACT=1 go test -count=1 -vet=off
LOGO        := data:image/svg+xml,%3Csvg xmlns=%22http://www.w3.org/2000/svg%22 width=%2248%22 height=%2216%22%3E%3Ctext y=%2212%22 font-family=%22sans-serif%22 font-size=%2212%22 fill=%22gray%22%3ERedoc%3C/text%3E%3C/svg%3E

# Runs a command in every module. For the client, the command runs without the workspace:
# with go.work, Go would use the highest version of a dependency that any module requires,
# but importers of the client get the version that the client requires.
IN_EACH      = @set -e; modules=$$(.ci/modules); count=$$(echo $$modules | wc -w); n=0; export GOWORK; \
	for module in $$modules; do n=$$((n + 1)); GOWORK=; test $$module != . || GOWORK=off; \
	echo "[$$n/$$count] $$module: $(strip $(1))"; (cd $$module && $(1)); done

# Stops Redocly CLI and its page from sending usage data.
export REDOCLY_TELEMETRY := off
export REDOCLY_SUPPRESS_UPDATE_NOTICE := true

.PHONY: help demo sandbox test bench bench-sandbox bench-fleet faults fleet fleet-chaos simulate fuzz check contract docs generate fresh
.PHONY: addition conformance cross dist histories first-order format images languages release-check suites

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

first-order: ## Run the README's first order on a temporary sandbox; needs only Go.
	@echo 'Building the sandbox and the first order of the README, then running both. The first build takes about a minute.'
	@cd sandbox && go build -o ../build/upvest-sandbox ./cmd/upvest-sandbox
	@cd examples && ../build/upvest-sandbox -- go run ./firstorder

demo: ## Run a program that starts a sandbox in its own process and calls all operations on it. If an UPVEST_API_* variable is set, the program starts no sandbox: it calls the server that these variables name and only reads from it. With ARGS='-write -account ID -user ID', it also makes changes on that server.
	@echo 'Building the tour of all operations, then running it. The first build takes about a minute.'
	@cd examples && go run ./tour $(ARGS)

sandbox: ## Build build/upvest-sandbox and run it on loopback until Ctrl-C; the sandbox writes the UPVEST_API_* variables to sandbox.env, for a shell to source. ARGS are flags of the sandbox.
	@cd sandbox && CGO_ENABLED=0 go build -o ../build/upvest-sandbox ./cmd/upvest-sandbox
	@exec build/upvest-sandbox -env-file sandbox.env $(ARGS)

# The tests of the client run without the workspace, as the comment on IN_EACH explains.
# They run at the same time as the tests of the other modules, which use the workspace.
test: ## Run the tests of all modules that need only Go, with the race detector if a C compiler is installed.
	@echo 'Testing all modules, one line per package. The first run compiles for about a minute before its first result.'
	@GOWORK=off go test $(RACE) -timeout 20m ./... & client=$$!; \
	go test $(RACE) -timeout 20m $$(.ci/modules | sed -n 's|^\./.*|&/...|p') || status=1; \
	wait $$client || status=1; exit $${status:-0}

bench: ## Measure the client against hand-written equivalents, in about three minutes; ARGS are flags, such as -bench Order -rounds 3.
	@mkdir -p build && cd proof && go run ./bench -raw ../build/bench.txt $(ARGS)

bench-sandbox: ## Measure the sandbox with a million accounts, in about three minutes, and compare the results with their limits.
	@cd sandbox && go run ./internal/bench

bench-fleet: ## Measure how fast a fleet with FLEET_ACCOUNTS (100,000) accounts places orders, compared with the same client without a queue.
	@cd fleet && FLEET=bench FLEET_ACCOUNTS=$(FLEET_ACCOUNTS) go test -count=1 -timeout 60m -v -run '^TestBench$$' ./bench

faults: ## Print the fault matrix: the outcome that callers receive for each network fault of the matrix in every operation.
	@cd proof && result=$$(go test -count=1 -v -run 'TestFaultMatrix$$' ./faultmatrix) || { echo "$$result"; exit 1; }; \
	echo "$$result" | sed -n '/^fault /,/cells/p'

simulate: ## Simulate SEEDS (2,000) months of calls and failures, or only the month with the number SEED; print the numbers of simulated calls and faults, and the largest values that occurred.
	@cd proof/simulation && go test -count=1 -timeout 0 -run 'TestMonths$$' -report $(if $(SEED),-seed $(SEED),-seeds $(SEEDS))

images: ## Build the container images of the sandbox and the fleet with buildah, and run them; needs root, but no registry.
	@mkdir -p build/images/keys && cp /etc/ssl/certs/ca-certificates.crt build/images
	@cd sandbox && CGO_ENABLED=0 go build -trimpath -o ../build/images/upvest-sandbox ./cmd/upvest-sandbox
	@cd fleet && CGO_ENABLED=0 go build -trimpath -o ../build/images/fleet .
	@cd proof && IMAGES=1 go test -count=1 -v ./images

conformance: ## Test the server that UPVEST_API_* names against each rule of the sandbox, and print for each rule same, differs or not testable. The test places orders.
	@cd sandbox && result=$$(CONFORMANCE=1 go test -count=1 -v -timeout 30m -run '^TestAddress$$' ./conformance) || status=1; \
	echo "$$result" | grep -v -E '^(=== RUN|--- PASS|PASS|ok|FAIL) *'; exit $${status:-0}

languages: ## Run the tests of examples/python (needs the package cryptography) and examples/node (needs Node.js), and check that the tests fail if the signing code is broken.
	@cd sandbox && CGO_ENABLED=0 go build -o ../build/upvest-sandbox ./cmd/upvest-sandbox
	@cd proof && LANGUAGES=1 go test -count=1 -v ./languages

histories: ## Check SEEDS (2,000) histories of concurrent orders and cancellations for linearizability with porcupine, or only the history with the number SEED.
	@cd proof/histories && go test -count=1 -timeout 0 $(if $(SEED),-run 'TestHistories$$') $(if $(SEED),-seed $(SEED),-seeds $(SEEDS))

fleet: ## Place 2,000 orders with three workers on SQLite, kill one worker, and inject server and network faults; needs only Go.
	@cd fleet && FLEET=fleet go test -count=1 -timeout 1h -v -run 'TestFleet$$' .

fleet-chaos: ## Run a fleet of FLEET_ACCOUNTS (5,000) accounts on PostgreSQL (Debian's package postgresql) through crashes, freezes, restores and lost responses.
	@cd fleet && FLEET=fleet-chaos go test -count=1 -timeout 24h -parallel 12 -v -run 'Test(Chaos|Restore|Clocks|Identity|Names|Neighbor)(Control)?$$' .

suites: ## Run the public test suites in SUITES (../shared/suites), and print how many cases hold, or that a suite is missing.
	@export SUITES='$(abspath $(SUITES))'; for package in sandbox/internal/signature proof/suites; do \
	result=$$(cd $$package && go test -count=1 -v .) || { echo "$$result"; exit 1; }; \
	echo "$$result" | grep -E ' cases, | is missing' | sed 's/^ *[a-z_]*_test.go:[0-9]*: //'; done

fuzz: ## Run every fuzz target for FUZZTIME (1m).
	@set -e; modules=$$(.ci/modules); for module in $$modules; do cd $(CURDIR)/$$module; \
	for package in $$(go list ./...); do \
	for target in $$(go test -list '^Fuzz' $$package | grep '^Fuzz' || true); do \
		echo "$$package $$target"; go test -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 1s $$package; \
	done; done; done

check: fresh ## Check that the generated code and the go.mod files are up to date, and run go vet, the style check, and the linters with their controls.
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

cross: ## Build all modules for Windows, and vet them with their tests for Windows and macOS.
	$(call IN_EACH,GOOS=windows CGO_ENABLED=0 go build ./...)
	$(call IN_EACH,GOOS=windows CGO_ENABLED=0 go vet ./...)
	$(call IN_EACH,GOOS=darwin CGO_ENABLED=0 go vet ./...)

fresh: ## Check that the generated code matches openapi.yaml and the overlay.
	@$(PROOF) -run '^Test(GeneratedCodeIsFresh|StaleCodeIsFound)$$' ./drift

contract: ## Compare the contract with code and documents, and check it with oasdiff, Redocly CLI and Prism; without npm, Redocly CLI and Prism are skipped, except in CI.
	@if command -v npm >/dev/null; then $(MAKE) -s --no-print-directory $(NODE); \
	elif test "$$CI" = true; then echo "contract: npm is missing" >&2; exit 1; \
	else echo "contract: npm is missing, so Redocly CLI and Prism are skipped"; fi
	@$(PROOF) ./handlers && CONTRACT=1 go test -count=1 -vet=off ./drift

dist: ## Build the sandbox and the fleet for Linux, macOS and Windows into build/dist, with SBOMs and checksums; test that builds of the programs are reproducible.
	@rm -rf build/dist && .ci/dist build/dist && ls -l build/dist
	@cd proof && DIST=1 go test -count=1 -timeout 10m -run '^Test(Programs|UnreleasedModulesCanBeUsed)$$' ./supply

addition: ## Add an operation and a field to a copy of the repository, then make the prepared edit for each finding of make contract. Run make contract first.
	@cd proof && result=$$(ADDITION=1 go test -count=1 -v -timeout 15m ./addition) || { echo "$$result"; exit 1; }; \
	echo "$$result" | sed -n 's/^ *addition_test.go:[0-9]*: //p'

$(NODE): proof/contract-check/package.json proof/contract-check/package-lock.json
	@mkdir -p build/node && cp $^ build/node && npm ci --prefix build/node --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# By default, the page downloads Redoc's logo. Here, an inline picture replaces the logo.
docs: $(NODE) ## Build the API reference, build/docs/index.html, and check the rendered page in headless Chromium.
	@command -v chromium >/dev/null || { echo "docs: chromium is missing; Debian's package is chromium" >&2; exit 1; }
	@mkdir -p build/docs && rm -f build/docs/*
	@build/node/node_modules/.bin/redocly build-docs openapi.yaml --config proof/contract-check/redocly.yaml \
		--inlineBundle -o build/docs/index.html 2>build/docs/log || { cat build/docs/log; exit 1; }
	@sed -i 's|https://cdn.redoc.ly/redoc/logo-[a-z-]*.svg|$(LOGO)|g' build/docs/index.html
	@export DOCS=1; $(PROOF) -run '^TestDocs$$' ./drift && echo "build/docs/index.html, build/docs/screenshot.png"

release-check: ## Release all modules to a temporary module proxy, then import, install and check them outside the repository.
	@cd proof && RELEASE=1 go test -count=1 -v -timeout 20m ./release

generate: ## Regenerate all generated code.
	go generate ./...

format: $(LINT) ## Format all Go code.
	@$(LINT) fmt
