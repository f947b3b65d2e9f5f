// Package wrapper calls the portfolios part of the Upvest Investment API. It sends the
// requests of the generated client, and adds the access token, the request signature, the
// API version and, to a POST or PATCH, the idempotency key. It retries requests that are
// safe to repeat. If a write fails, its error reports whether the server may have carried
// it out.
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
// have a method for each operation of openapi.yaml. The methods All and Wait call an
// operation repeatedly:
//
//	client.Allocations     Create, Retrieve, Update, List, All
//	client.Configurations  Create, Retrieve, Update, List, All
//	client.Orders          Create, Retrieve, Cancel, Wait, List, All,
//	                       CreateLiquidationRequest
//	client.Rebalancings    Trigger, RetrieveExecution
//
// [Client.Do] calls operations for which the services have no method. [WithQuery],
// [WithBodyField] and [WithHeader] send parameters, body fields and headers that this
// client does not cover. The field Unknown of an object in a response, for instance of a
// row in a list, contains the received fields that the Go struct cannot hold, see
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
// key. If the signer also has the method SignContext that [SignerConfig] describes, the
// client passes it the context of the call, so that a cancelled call can also cancel its
// request to the key service.
//
// The client fetches and renews access tokens. Clients with the same credentials can
// share a [TokenSource].
//
// # Errors and outcomes
//
// A call that fails returns an [*Error]. If the server responded, the error has the
// status, the request ID and the body of the response. Check its kind with [errors.Is].
// First check for [ErrOutcomeUnknown], which means that the server may have carried out
// the write, and [ErrAccepted], which means that the server accepted the write but its
// response cannot be read. Then check for an HTTP status, such as [ErrNotFound]. To
// resume a write after ErrOutcomeUnknown or ErrAccepted, make the same call again with
// [Error.Resume]:
//
//	order, err := client.Orders.Create(ctx, request)
//	var failure *upvest.Error
//	if errors.Is(err, upvest.ErrOutcomeUnknown) || errors.Is(err, upvest.ErrAccepted) {
//		errors.As(err, &failure)
//		order, err = client.Orders.Create(ctx, request, failure.Resume())
//	}
//
// The server does not carry out a POST or PATCH a second time as long as it keeps the
// idempotency key. Upvest documents that it keeps keys for at least 24 hours.
// [IdempotencyKeyFor] derives a key from the caller's own ID, so that any process can
// derive the same key again.
//
// If a method of a service cannot read one of the values that [FieldError] lists, such as
// the ID, the status or the amount of an order, it returns an error whose cause is a
// FieldError. Any other value that cannot be read is treated as absent, and is kept in
// the field Unknown.
//
// # Retries, timeouts and limits
//
// A call succeeds if the status is 2xx and the response can be read. By default, the
// client makes up to four attempts. It retries network failures (but not after an invalid
// certificate), the statuses 408, 429, 500, 502, 503, 504, 520 to 526 and 530 (Cloudflare
// got no usable response), and 2xx responses whose body ends too early. [RetryPolicy]
// describes the waits, the limits, and the retry budget that calls share. After a 401, a
// call makes one extra attempt, usually with a new token. By default, an attempt times
// out after 30 seconds, and a call as a whole is limited only by the deadline of its
// context. [WithTimeout] sets an additional limit.
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
// The method List of a service returns one page. The method All reads the list from
// params.Offset to the end, in pages of params.Limit rows (100 if the limit is nil; 2 if
// it is 1). It requests each further page from the last row of the previous page on, so
// that the pages overlap by one row.
//
// By default, the method All requests the rows in the order of their IDs. While the
// server keeps that order, every row that is at or after params.Offset at the first
// request, and that stays in the list, is delivered exactly once, even if other rows are
// added and removed in the meantime. As long as the server keeps the order, the memory in
// use does not grow with the length of the list. If the rows of the first page are in a
// different order, All requires that each further page contains the row that was
// delivered last, and that all rows before it on that page were delivered earlier. If All
// finds that it cannot deliver every row exactly once, it ends the list with
// [ErrListUnreadable]. If the server returns pages of a single row, the pages do not
// overlap, and the guarantee holds unless rows before the current row are both added and
// removed between two requests.
//
// There are three signs that a list has ended: a page with fewer rows than its limit, an
// empty page, and a page whose last row is row number total_count of the list. The method
// All stops when it has found two of these signs. Until then, it requests further pages.
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
// [Orders.Wait] retrieves the order immediately, again after half a second to one second,
// and then at intervals that grow to at most 30 seconds. If the context ends before the
// order is done, Wait returns the order as last received together with an error.
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
// token in the background. Such a request ends within two minutes, or when [Client.Close]
// cancels it. If a key or a token source that takes no context hangs, its goroutine
// remains until it returns. At most eight goroutines of a client can remain for its key,
// and at most eight for its token source.
package wrapper
