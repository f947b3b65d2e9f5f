package wire

import (
	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
)

// identified reports whether a decoded resource has its ID, and whether a decoded page
// has its rows. It returns true for any other value. JSON such as {} or null decodes
// without an error, but is not a response of the API.
func identified(value any) bool {
	switch value := value.(type) {
	case *portfolios.Allocation:
		return value.ID != uuid.Nil
	case *portfolios.AllocationList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Configuration:
		return value.AccountID != uuid.Nil
	case *portfolios.ConfigurationList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Order:
		return value.ID != uuid.Nil
	case *portfolios.OrderList:
		return value.Data != nil || isEmptyList(value.Meta)
	case *portfolios.Rebalancing:
		return value.ID != uuid.Nil
	case *portfolios.RebalancingExecution:
		return value.ID != uuid.Nil
	}
	return true
}

// isEmptyList reports whether a page with missing rows, or null in their place, may be a
// page without rows. Some servers write null for an empty list.
func isEmptyList(meta portfolios.Meta) bool { return meta.Limit > 0 && meta.TotalCount == 0 }
