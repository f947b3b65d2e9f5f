// Package wrapper calls the portfolios part of the Upvest Investment API. It adds the
// access token, the request signature, the API version and the idempotency key to the
// requests of the generated client, retries requests that are safe to repeat, and reports
// the outcome of every call.
//
// The packages are named after their content: package generated contains generated code,
// and package wrapper the code around it. Import them under names that read well in a
// program:
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
// Create one [Client] and share it, because it is safe for concurrent use. Its services
// have a method for each operation:
//
//	client.Allocations     Create, Retrieve, Update, List, All
//	client.Configurations  Create, Retrieve, Update, List, All
//	client.Orders          Create, Retrieve, Cancel, Wait, List, All,
//	                       CreateLiquidationRequest
//	client.Rebalancings    Trigger, RetrieveExecution
//
// [Client.Do] calls operations for which the services have no method. [WithQuery],
// [WithBodyField] and [WithHeader] send parameters, body fields and headers that this
// client does not cover. In each object of a response, including each row of a list, the
// field Unknown contains the received fields that the Go struct cannot hold, see
// [api.Unknown]. [Response.Decode] reads a response into the caller's own type.
//
// # Authentication
//
// [FromEnv] reads [Credentials] from the environment variables UPVEST_API_*, which
// Upvest's own code also uses. To read the key from another source:
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
// For a key in a KMS or HSM, set PrivateKey to a [crypto.Signer] that signs with this
// key. If the signer also has a method SignContext, a cancelled call does not wait for a
// key service that hangs.
//
// The client fetches and renews access tokens. Clients with the same credentials can
// share a [TokenSource].
//
// # Errors and outcomes
//
// A call that fails returns an [*Error] with the status, the request ID and the body as
// received. Check its kind with [errors.Is]. First check for [ErrOutcomeUnknown], which
// means that the server may have carried out the write, and [ErrAccepted], which means
// that the server accepted the write but its response cannot be read. Then check for an
// HTTP status, such as [ErrNotFound]. To resume a write after one of the first two
// errors, make the same call again with [Error.Resume]:
//
//	order, err := client.Orders.Create(ctx, request)
//	var failure *upvest.Error
//	if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
//		errors.As(err, &failure)
//		order, err = client.Orders.Create(ctx, request, failure.Resume())
//	}
//
// The server does not carry out the write a second time as long as it keeps the
// idempotency key. Upvest documents that it keeps keys for at least 24 hours.
// [IdempotencyKeyFor] derives a key from the caller's own ID, so that any process can
// derive the same key again.
//
// A call returns a [FieldError] if it cannot read an object's ID, an instrument's ID, an
// amount, weight, type, side, status, currency or time of creation, or the rows of a
// list. Any other value that cannot be read is treated as absent, and is kept in the
// field Unknown of its object.
//
// # Retries, timeouts and limits
//
// Any 2xx status is a success. The client makes up to four attempts. It retries network
// failures, the statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530 (Cloudflare got
// no usable response), and 2xx responses whose body ends too early. [RetryPolicy]
// describes the waits, the limits, and the budget that all calls share. After a 401 the
// client makes one more attempt, with a new token. An attempt times out after 30 seconds.
// By default, a call as a whole is limited only by the deadline of its context.
// [WithTimeout] sets an additional limit.
//
//	client, err := upvest.New(credentials,
//		// golang.org/x/time/rate: 250 requests a second, 50 at once
//		upvest.WithLimiter(rate.NewLimiter(250, 50)),
//		// failures and retries as warnings, the rest at debug level
//		upvest.WithLogger(slog.Default()),
//		upvest.WithRetry(upvest.RetryPolicy{MaxAttempts: 6}),
//		upvest.WithTimeout(20*time.Second), // for a call, including all its attempts
//	)
//
// Upvest documents a limit of 300 requests a second for its sandbox.
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
// The method List of a service returns one page. The method All reads the whole list in
// pages of params.Limit rows (100 if the limit is nil, and never fewer than 2). Each page
// after the first begins with the last row of the previous page.
//
// By default, the method All requests the rows in the order of their IDs. While the
// server keeps that order, every row that is in the list from the first request to the
// last is delivered exactly once, even if other rows are added and removed in the
// meantime. As long as the server keeps the order, the memory in use does not grow with
// the length of the list. If the rows are in a different order, All requires that each
// page begins with the last row of the previous page. If All cannot keep the guarantee,
// it ends the list with [ErrListUnreadable]. If the server returns pages of a single row,
// the pages do not overlap, and the guarantee holds unless rows before the current row
// are both added and removed between two requests.
//
// There are three signs that a list has ended: a page with fewer rows than its limit, an
// empty page, and a page whose last row is row number total_count of the list. The method
// All stops after two of these signs; after a single sign, it requests one more page.
//
// An error is delivered once and ends the list. The caller may stop at any row.
// [WithRetry] and [WithTimeout] apply to the request of each page, not to the whole list.
//
// # Waiting
//
//	ctx, stop := context.WithTimeout(ctx, time.Minute)
//	defer stop()
//	order, err := client.Orders.Wait(ctx, order.ID, nil) // FILLED, SETTLED or CANCELLED
//
// [Orders.Wait] retrieves the order immediately, again after one second, and then at
// growing intervals of at most 30 seconds. If the context ends before the order is done,
// Wait returns the order as last received together with an error.
//
// # Testing
//
// Tests need no credentials from Upvest. Package sandbox provides a local server that
// keeps state, checks requests by the rules that Upvest documents, and fails on demand.
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
// The request editors of this package also work with the plain generated client. Add them
// in this order. The signature comes last, because it covers what the other editors set:
//
//	client, err := portfolios.NewClient(credentials.BaseURL,
//		portfolios.WithRequestEditorFn(upvest.VersionEditor()),
//		portfolios.WithRequestEditorFn(upvest.ClientIDEditor(credentials.ClientID)),
//		portfolios.WithRequestEditorFn(upvest.AcceptEditor()),
//		portfolios.WithRequestEditorFn(upvest.IdempotencyKeyEditor(uuid.NewRandom)),
//		portfolios.WithRequestEditorFn(upvest.TokenEditor(source)),
//		portfolios.WithRequestEditorFn(upvest.SignatureEditor(signer))) // must be last
//
// # Goroutines
//
// A Client starts goroutines for token requests, for pages that are requested ahead, and
// for a key or token source that takes no context. A token request ends soon after the
// last call has stopped waiting for it. No call waits for a request that renews a valid
// token in the background. Such a request ends by itself, or when [Client.Close] cancels
// it. If a key or a token source hangs, its goroutine remains until it returns. At most
// eight goroutines can remain for each key, and at most eight for each token source.
package wrapper
