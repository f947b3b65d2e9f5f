// Package generated is the client that oapi-codegen makes of openapi.yaml: the models, the requests and a plain [Client] for the
// portfolios part of the Upvest Investment API. Import it as portfolios.
//
// It signs nothing and knows no token. Use it through package wrapper, which adds both, or pass it wrapper's request editors. Its
// XxxWithResponse methods lose the status of an answer that they cannot decode; wrapper's services keep it.
//
// Enum-like types are open: a server may send values beyond the constants, and they decode unchanged.
package generated
