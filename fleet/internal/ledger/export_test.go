package ledger

// GhostsStatement is the SQL statement that [Ledger.Ghosts] runs.
const GhostsStatement = ghosts
