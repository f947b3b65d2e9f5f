// Package wrapper calls the portfolios part of the Upvest Investment API. It adds the
// access token, the request signature, the API version and the idempotency key to the
// generated client, retries what is safe to repeat, and reports the outcome of every
// call.
//
// The folders are called wrapper and generated after what they hold: this code around
// generated code. Import them under the names that callers read:
//
//	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
//	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
//
// # Quick start
//
//	credentials, err := upvest.FromEnv()
//	if err != nil {
//		return nil, err
//	}
//	client, err := upvest.New(credentials)
//	if err != nil {
//		return nil, err
//	}
//
// Create one [Client] and share it: it is safe for concurrent use. Its services have a
// method for each operation:
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
// # Authentication
//
// [FromEnv] reads [Credentials] from the UPVEST_API_* variables, whose names are those of
// Upvest's own code. With a key from another place:
//
//	key, err := upvest.ParsePrivateKey(text, passphrase)
//	if err != nil {
//		return nil, err
//	}
//	client, err := upvest.New(upvest.Credentials{
//		BaseURL:      server,
//		ClientID:     clientID,
//		ClientSecret: secret,
//		KeyID:        keyID,
//		PrivateKey:   key,
//		Scopes:       []string{"portfolios:admin"},
//	})
//
// A key in a KMS or HSM is a [crypto.Signer]. If it also has a method SignContext, a call
// that is cancelled does not wait for a key service that hangs.
//
// The client fetches and renews access tokens. Clients with the same credentials can
// share a [TokenSource].
//
// # Errors and outcomes
//
// Every failed request is an [*Error], with status, request ID and raw body as received.
// Ask [errors.Is] for its kind: first for [ErrOutcomeUnknown], a write that may have been
// carried out, and [ErrAccepted], one that was accepted with a response that cannot be
// read; then for [ErrNotFound] and the like, by HTTP status. The same call with
// [Error.Resume] resumes such a write:
//
//	order, err := client.Orders.Create(ctx, request)
//	var failure *upvest.Error
//	if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
//		errors.As(err, &failure)
//		order, err = client.Orders.Create(ctx, request, failure.Resume())
//	}
//
// It does not happen twice as long as the server keeps its idempotency key, which Upvest
// documents as at least 24 hours. [IdempotencyKeyFor] derives a key that any process can
// use again.
//
// A response is read strictly where callers decide: the ID of an object, its amounts and
// weights, type, side, status, currency and time of creation. A value there that cannot
// be read is a [FieldError]. Any other value that cannot be read counts as absent, and
// Unknown of its object has it.
//
// # Retries, timeouts and limits
//
// Any 2xx is a success. The client makes up to four attempts: after a network failure,
// the statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530 (Cloudflare got no usable
// response), and a 2xx that breaks off. [RetryPolicy] has waits, limits and the budget
// that all calls share. One more attempt with a new token follows a 401. An attempt ends
// after 30 seconds. A call has no timeout except that of its context, unless
// [WithTimeout] sets one.
//
//	client, err := upvest.New(credentials,
//		// golang.org/x/time/rate: 250 requests a second, 50 at once
//		upvest.WithLimiter(rate.NewLimiter(250, 50)),
//		// failures and retries as warnings, the rest at debug level
//		upvest.WithLogger(slog.Default()),
//		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 6}),
//		upvest.WithTimeout(20*time.Second), // of a call with all its attempts
//	)
//
// Upvest documents 300 requests a second for its sandbox.
//
// # Lists
//
//	params := portfolios.ListPortfoliosOrdersParams{AccountID: &account}
//	for order, err := range client.Orders.All(ctx, params) {
//		if err != nil {
//			return err
//		}
//		fmt.Println(order.ID, order.Status)
//	}
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
// # Waiting
//
//	ctx, stop := context.WithTimeout(ctx, time.Minute)
//	defer stop()
//	order, err := client.Orders.Wait(ctx, order.ID, nil) // FILLED, SETTLED or CANCELLED
//
// [Orders.Wait] looks every second at first and every 30 seconds at last, until the
// context ends. Then it returns the order as last seen, and the error.
//
// # Testing
//
// Tests need no credentials: the package sandbox is a local server with state that
// refuses what Upvest documents that it refuses, and fails on demand.
//
//	server := sandbox.Start(t, sandbox.WithState(sandbox.State{
//		Allocations: []sandbox.Allocation{
//			{ID: mix, Weights: map[api.InstrumentID]api.Decimal{"IE00B0M62Q58": "1"}},
//		},
//		Accounts: []sandbox.Account{{ID: account, AllocationID: mix}},
//	}))
//	client, err := upvest.New(server.Credentials())
//
// # Using the editors alone
//
// The request editors also work on the plain generated client, in this order. The
// signature comes last, because it covers what the others set:
//
//	client, err := portfolios.NewClient(credentials.BaseURL,
//		portfolios.WithRequestEditorFn(upvest.VersionEditor()),
//		portfolios.WithRequestEditorFn(upvest.ClientIDEditor(credentials.ClientID)),
//		portfolios.WithRequestEditorFn(upvest.AcceptEditor()),
//		portfolios.WithRequestEditorFn(upvest.IdempotencyKeyEditor(uuid.NewRandom)),
//		portfolios.WithRequestEditorFn(upvest.TokenEditor(source)),
//		portfolios.WithRequestEditorFn(upvest.SignatureEditor(signer))) // last
//
// # Goroutines
//
// A Client starts goroutines only for token requests, which end soon after the last call
// that waits for them, and for pages that were requested ahead. [Client.Close] ends its
// work in the background.
package wrapper
