package ledger

import "github.com/google/uuid"

// AccountsOf returns the accounts of the order or the rebalancing with the id. It returns
// none if the client has neither.
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
