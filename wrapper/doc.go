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
// Every failed request is an [*Error], with status, request id and raw body as received. Ask errors.Is for its kind:
// [ErrNotFound] and its like for an HTTP status, [ErrOutcomeUnknown] for a write that may or may not have been carried out. Such a
// write is taken up again with the same key, [WithIdempotencyKey](err.IdempotencyKey), and does not happen twice as long as the server
// keeps the key: at least 24 hours, by Upvest's word.
//
// The request editors (VersionEditor, SignatureEditor, …) also work alone, on the plain generated client.
//
// A Client is safe for concurrent use. It starts no goroutine of its own but for the request of a token, which ends soon after the last
// call that waits for it, and for pages that were asked for ahead.
package wrapper
