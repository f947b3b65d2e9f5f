// Package wrapper calls the portfolios part of the Upvest Investment API. It adds the
// access token, the request signature, the API version and the idempotency key to the
// generated client, retries what is safe to repeat, and reports the outcome of every
// call. Import it as upvest.
//
// [New] creates a [Client]; its services have a method for each operation:
//
//	client.Allocations     Create, Retrieve, Update, List, All
//	client.Configurations  Create, Retrieve, Update, List, All
//	client.Orders          Create, Retrieve, Cancel, Wait, List, All,
//	                       CreateLiquidationRequest
//	client.Rebalancings    Trigger, RetrieveExecution
//
// [Client.Do] calls what is not covered by this client. [WithQuery], [WithBodyField] and
// [WithHeader] send fields that it does not cover. Unknown of each object in a response,
// an [api.Unknown], has those that it receives, also in lists, and [Response.Decode]
// reads a response into a type of the caller's.
//
// # Failures
//
// Every failed request is an [*Error], with status, request ID and raw body as received.
// Ask [errors.Is] for its kind: [ErrNotFound] and the like for an HTTP status,
// [ErrOutcomeUnknown] for a write that may have been carried out, [ErrAccepted] for one
// that was accepted with a response that cannot be read. The same call with
// [Error.Resume] resumes such a write. It does not happen twice as long as the server
// keeps its idempotency key, which Upvest documents as at least 24 hours.
//
// A response is read strictly where callers decide: the ID of an object, its amounts and
// weights, type, side, status, currency and time of creation. A value there that cannot
// be read is a [FieldError]. Any other value that cannot be read counts as absent, and
// Unknown of its object has it.
//
// # Retries and timeouts
//
// Any 2xx is a success. The client makes up to four attempts: after a network failure,
// the statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530 (Cloudflare got no usable
// response), and a 2xx that breaks off. [RetryPolicy] has waits, limits and the budget
// that all calls share. One more attempt with a new token follows a 401. An attempt ends
// after 30 seconds. A call has no timeout except that of its context, unless
// [WithTimeout] sets one.
//
// # Lists
//
// List of a service returns one page, All reads the whole list in pages of params.Limit
// rows (100 if it is nil, at least 2). Each page overlaps the one before by a row.
//
// Rows are requested in the order of their IDs. While the server keeps that order, every
// row that is in the list from beginning to end is delivered exactly once, even while
// other rows are added and removed, and memory does not grow with the list. If rows are
// not in that order, each page has to begin with the row that the one before ended with.
// The reading ends with [ErrListUnreadable] where the guarantee cannot be kept. A server
// that gives a single row a page overlaps no pages: there the guarantee holds unless rows
// before the current one are both added and removed between two requests.
//
// A list ends with a page that is shorter than its limit, with an empty page, or at its
// total_count. If only one of these signs is there, one more page decides.
//
// An error is delivered once and ends the list. The caller may stop at any row.
// [WithRetry] and [WithTimeout] apply to the request of each page.
//
// # Editors and concurrency
//
// The request editors ([VersionEditor], [SignatureEditor], …) also work on the plain
// generated client.
//
// A Client is safe for concurrent use. It starts goroutines only for token requests,
// which end soon after the last call that waits for them, and for pages that were
// requested ahead.
//
// Tests need no credentials: see the package sandbox.
package wrapper
