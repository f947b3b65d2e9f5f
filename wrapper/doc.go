// Package wrapper calls the portfolios part of the Upvest Investment API: it adds the access token, the request signature, the API
// version and the idempotency key to the generated client, repeats what is safe to repeat, and says what became of every call.
// Import it as upvest.
//
// [New] makes a [Client]; its services have a method per operation:
//
//	client.Allocations     Create, Retrieve, Update, List, All
//	client.Configurations  Create, Retrieve, Update, List, All
//	client.Orders          Create, Retrieve, Cancel, CreateLiquidationRequest, List, All, Wait
//	client.Rebalancings    Trigger, RetrieveExecution
//
// What is newer than this client, or in another part of the API, is called with [Client.Do], sent with [WithQuery], [WithBodyField] and
// [WithHeader], and read with [Response.Decode].
//
// # Failures
//
// Every failed request is an [*Error], with status, request id and raw body as received. Ask errors.Is for its kind:
// [ErrNotFound] and its like for an HTTP status, [ErrOutcomeUnknown] for a write that may or may not have been carried out, [ErrAccepted]
// for one that was accepted with an answer that cannot be read. Such a write is taken up again by the same call with [Error.Resume], and
// does not happen twice as long as the server keeps its idempotency key: at least 24 hours, by Upvest's word.
//
// # Retries and time-outs
//
// Any 2xx is a success. A call is tried up to four times: after a network failure, the statuses 408, 429, 500, 502, 503 and 504, and a
// 2xx that breaks off; [RetryPolicy] has waits, limits and the budget that all calls share. A 401 is followed by one more attempt with a
// fresh token. An attempt ends after 30 seconds. A call has no time-out but its context's, unless [WithTimeout] gives it one.
//
// # Alone and together
//
// The request editors ([VersionEditor], [SignatureEditor], …) also work alone, on the plain generated client.
//
// A Client is safe for concurrent use. It starts no goroutine of its own but for the request of a token, which ends soon after the last
// call that waits for it, and for pages that were asked for ahead.
//
// Tests need no credentials: see the package sandbox.
package wrapper
