// Package languages holds the integration tests in other languages against the sandbox:
// they pass, and they fail if their signing code is wrong.
package languages
