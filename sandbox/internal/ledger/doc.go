// Package ledger is the sandbox's domain: allocations, configurations, orders,
// liquidations and rebalancings, and the rules that they follow. It is independent of
// signatures, idempotency and faults.
//
// Nothing runs in the background. An order stores the instants of its transitions, and
// each access to an account first applies the transitions that have become due, in the
// order of their instants. The result therefore depends only on the clock. Earlier reads
// do not change it.
//
// Everything is kept in memory for the life of the [Ledger]. Only the log of effects is
// bounded.
//
// Sources: the pages of the portfolios reference and the portfolios guide at
// docs.upvest.co. "Choice:" in a comment marks a rule that these sources do not specify.
package ledger
