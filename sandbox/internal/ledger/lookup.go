package ledger

import "github.com/google/uuid"

// AccountsOf returns the accounts of the client's order or rebalancing with the given id.
// If the client has no such order or rebalancing, AccountsOf returns nil.
func (l *Ledger) AccountsOf(clientID, id uuid.UUID) []uuid.UUID {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.clients[clientID]
	if c == nil {
		return nil
	}
	if o := c.orders.get(id); o != nil {
		return []uuid.UUID{o.account.id}
	}
	if e := c.executions[id]; e != nil {
		return e.accountIDs()
	}
	return nil
}
