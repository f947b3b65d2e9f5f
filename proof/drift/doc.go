// Package drift checks that openapi.yaml, its examples, the generated code, package api,
// the wrapper, the sandbox, the demo and the versioning policy agree with each other. The
// package contains only tests. A check reads the contract, inspects Go code or runs a
// program, and returns findings. Most findings are one line with the file, the mistake
// and the remedy. Almost every check has controls, which are mistakes that the check must
// find. The controls show that the check can fail. `go test` skips most checks that
// download or start other programs. `make contract` and `make docs` run these checks, and
// `make check` runs those of the generated code.
package drift
