// Package generated is the client that oapi-codegen generates from openapi.yaml: the
// models, the requests and a plain [Client] for the portfolios part of the Upvest
// Investment API. Import it as portfolios.
//
// Client neither signs a request nor fetches a token. Package wrapper does both around
// it; its request editors also work on a Client alone.
//
// A method of Client returns the *[http.Response] as received, and the caller closes its
// body. The generator's ClientWithResponses is left out: it loses the status of a
// response that it cannot decode. The services of package wrapper decode responses and
// keep the status, request ID and body of every failure.
//
// Enum-like types are open: a server may send values beyond the constants, and they
// decode unchanged.
package generated
