// Package generated contains what oapi-codegen generates from openapi.yaml: the models,
// the requests, and a plain [Client] for the portfolios part of the Upvest Investment
// API. Import it as portfolios.
//
// Client neither signs requests nor fetches tokens. Package wrapper adds signatures and
// tokens with request editors, which also work with a Client alone.
//
// A method of Client returns the [http.Response] as received, and the caller must close
// its body. The services of package wrapper decode responses. If a call fails, they
// return an error with the status, request ID and body of the response, if there was one.
// The generator's ClientWithResponses is left out, because it loses the status of a
// response that it cannot decode.
//
// Enum-like types are open: values without a constant decode unchanged.
package generated
