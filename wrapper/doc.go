// Package wrapper calls the portfolios part of the Upvest Investment API. It adds the
// access token, the request signature, the API version and the idempotency key to the
// generated client, retries what is safe to repeat, and reports the outcome of every
// call.
//
// The folders are named after their content: generated has generated code, and wrapper
// has this code around it. Import them under the names that callers read:
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
// [Client.Do] calls operations that have no method. [WithQuery], [WithBodyField] and
// [WithHeader] send parameters and fields that this client does not cover. Each object of
// a response, also in a list, has a field Unknown with the fields that its struct does
// not have, see [api.Unknown]. [Response.Decode] reads a response into the caller's own
// type.
//
// # Authentication
//
// [FromEnv] reads [Credentials] from the UPVEST_API_* variables, which Upvest's own code
// uses too. To read the key from another source:
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
// A key in a KMS or HSM is a [crypto.Signer]. If it also has a method SignContext, a
// cancelled call does not wait for a key service that hangs.
//
// The client fetches and renews access tokens. Clients with the same credentials can
// share a [TokenSource].
//
// # Errors and outcomes
//
// Every failed request returns an [*Error] with status, request ID and raw body as
// received. Check its kind with [errors.Is]. Begin with [ErrOutcomeUnknown], which means
// that the server may have carried out the write, and [ErrAccepted], which means that the
// server accepted the write but its response cannot be read. Then check for an HTTP
// status, such as [ErrNotFound]. To resume a write after one of the first two errors,
// make the same call with [Error.Resume]:
//
//	order, err := client.Orders.Create(ctx, request)
//	var failure *upvest.Error
//	if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
//		errors.As(err, &failure)
//		order, err = client.Orders.Create(ctx, request, failure.Resume())
//	}
//
// The write is not carried out twice as long as the server keeps its idempotency key,
// which Upvest documents as at least 24 hours. [IdempotencyKeyFor] derives a key that any
// process can use again.
//
// A call returns a [FieldError] if it cannot read the ID of an object, or one of its
// amounts and weights, its type, side, status, currency or time of creation. Any other
// value that cannot be read counts as absent, and is in Unknown of its object.
//
// # Retries, timeouts and limits
//
// Any 2xx is a success. The client makes up to four attempts. It retries network
// failures, the statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530 (Cloudflare got
// no usable response), and a 2xx whose body breaks off. [RetryPolicy] describes the
// waits, the limits, and the budget that all calls share. After a 401 the client makes
// one more attempt, with a new token. An attempt ends after 30 seconds. A call has no
// timeout except that of its context, unless [WithTimeout] sets one.
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
// The method List of a service returns one page. All reads the whole list in pages of
// params.Limit rows (100 if it is nil, at least 2). Each page overlaps the page before by
// one row.
//
// All requests the rows in the order of their IDs. While the server keeps that order,
// every row that is in the list from beginning to end is delivered exactly once, even
// while other rows are added and removed, and memory does not grow with the list. If the
// rows are in another order, each page must begin with the last row of the page before.
// The list ends with [ErrListUnreadable] if the guarantee cannot be kept. Pages of a
// single row do not overlap: there, the guarantee holds unless rows before the current
// row are both added and removed between two requests.
//
// A page that is shorter than its limit, an empty page, and a total_count that is reached
// are signs of the end. All stops after two of these signs; after one, it requests
// another page.
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
// [Orders.Wait] retrieves the order after one second, then less and less often, at least
// every 30 seconds. If the context ends before the order is done, it returns the order as
// last received, and the error.
//
// # Testing
//
// Tests need no credentials. Package sandbox is a local server that keeps state, checks
// requests as Upvest documents it, and fails on demand.
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
// A Client starts goroutines for token requests, for pages that are requested ahead, and
// for a key or token source that takes no context. A token request ends soon after the
// last call that waits for it, unless it renews a valid token in the background, which
// [Client.Close] ends. A key or source that hangs keeps its goroutine until it returns,
// at most eight of each.
package wrapper
