// Package ledger is the sandbox's domain: allocations, configurations, orders, liquidations and rebalancings, and the rules that
// they follow. It knows nothing of HTTP, signatures or idempotency.
//
// Nothing runs in the background. An order keeps the instants at which it moves on, and every look at an account first applies what
// has become due since, in the order of those instants. What a caller sees therefore depends on the clock alone, never on who looked
// when.
//
// Everything is kept in memory for the life of the [Ledger]; only the log of effects is bounded.
//
// Sources: the pages of the portfolios reference and the portfolios guide at docs.upvest.co. A comment that begins with "Choice:"
// marks a rule that these leave open.
package ledger
