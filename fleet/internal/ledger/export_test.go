package ledger

// GhostsStatement is the statement of [Ledger.Ghosts].
const GhostsStatement = ghosts
