// Package ledger is the sandbox's domain: allocations, configurations, orders,
// liquidations and rebalancings, and the rules that they follow. It is independent of
// signatures, idempotency and faults.
//
// Nothing runs in the background. The instants of an order's transitions follow from the
// time at which the order was placed. Before the ledger reads or changes the orders or
// the holdings of an account, it applies the due transitions of the account's orders, in
// chronological order. The state of an account at a given time therefore does not depend
// on when the account was read.
//
// Everything is kept in memory for the life of the [Ledger]. Only the log of effects is
// bounded.
//
// Sources: the pages of the portfolios reference and the portfolios guide at
// docs.upvest.co. "Choice:" in a comment marks a rule that these sources do not specify.
package ledger
