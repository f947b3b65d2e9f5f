package operation

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// Candidate is an order at the server, with the fields that the fleet needs. A field is
// empty if the server did not send it.
type Candidate struct {
	ID       uuid.UUID
	Account  uuid.UUID
	User     uuid.UUID
	Type     string
	Amount   string
	Currency string
	Status   string
	Created  time.Time
	unnamed
}

// unnamed has fields of an order that the client's types do not have: the flow that
// placed the order, its reference, and the reason for its cancellation.
type unnamed struct {
	Flow       string `json:"initiation_flow"`
	Reference  string `json:"client_reference"`
	CancelCode string `json:"cancellation_reason"`
}

// wanted describes the order that an item places. An empty field matches any value.
type wanted struct {
	account, user uuid.UUID
	kind          string // the type of the order
	amount        string
	currency      string
}

// candidateOf converts an order from the server. If it cannot read the fields of
// `unnamed`, it leaves them empty, and returns an error together with the other fields.
func candidateOf(order *portfolios.Order) (Candidate, error) {
	candidate := Candidate{
		ID: order.ID, Account: order.AccountID, User: uuid.UUID(order.UserID), Type: string(order.Type),
		Amount: string(order.CashAmount), Currency: string(order.Currency), Status: string(order.Status),
		Created: order.CreatedAt,
	}
	if err := order.Unknown.Decode(&candidate.unnamed); err != nil {
		candidate.unnamed = unnamed{}
		return candidate, fmt.Errorf("read order %s: %w", order.ID, err)
	}
	return candidate, nil
}

// contradicts returns the names of the fields in which the order differs from the wanted
// order, or "". A field that the server did not send counts as equal, except for the
// account and the amount.
func (w wanted) contradicts(c Candidate) string {
	var differs []string
	compare := func(name string, isKnown, isSame bool) {
		if isKnown && !isSame {
			differs = append(differs, name)
		}
	}
	compare("account", true, c.Account == w.account)
	compare("user", c.User != uuid.Nil && w.user != uuid.Nil, c.User == w.user)
	compare("type", c.Type != "", c.Type == w.kind)
	compare("amount", w.amount != "", sameAmount(c.Amount, w.amount))
	compare("currency", c.Currency != "" && w.currency != "", c.Currency == w.currency)
	compare("initiation_flow", c.Flow != "", c.Flow == "API")
	compare("client_reference", c.Reference != "", false)
	return strings.Join(differs, ", ")
}

func sameAmount(a, b string) bool {
	difference, err := api.Decimal(a).Cmp(api.Decimal(b))
	return err == nil && difference == 0
}

// lookPage is the largest number of orders of one account that a lookup reads. If the
// account has that many orders or more since [Item.From], the item goes to review.
const lookPage = 1000

// lookForOrder searches the orders of the account for the order of the item. If no order
// matches, the verdict is `none`, which the caller chooses. If the server returned the id
// of the order for an earlier attempt, lookForOrder reads only this order.
func lookForOrder(
	ctx context.Context,
	client *upvest.Client,
	item Item,
	want wanted,
	none Verdict,
) (Finding, error) {
	if item.Given.Valid {
		return lookAtGiven(ctx, client, item, want)
	}
	limit := portfolios.Limit(lookPage)
	params := portfolios.ListPortfoliosOrdersParams{
		AccountID: &want.account,
		Limit:     &limit,
		StartDate: &item.From,
	}
	var response upvest.Response
	orders, err := client.Orders.List(ctx, params, upvest.WithResponse(&response))
	if err != nil {
		return Finding{}, fmt.Errorf("look for the order: %w", err)
	}
	finding := Finding{Date: DateOf(&response)}
	if len(orders.Data) >= lookPage {
		finding.Verdict = Unclear
		finding.Detail = fmt.Sprintf(
			"the account has %d orders or more since %s",
			lookPage,
			item.From.Format(time.RFC3339),
		)
		return finding, nil
	}
	var candidates []Candidate
	for i := range orders.Data {
		candidate, err := candidateOf(&orders.Data[i])
		if err != nil {
			return Finding{}, err
		}
		if want.contradicts(candidate) == "" && !item.isOutside(candidate.Created) {
			candidates = append(candidates, candidate)
		}
	}
	candidates, err = unclaimed(ctx, item, candidates)
	if err != nil {
		return Finding{}, err
	}
	return judge(finding, candidates, none), nil
}

// isOutside reports whether an order was created at a time when the server cannot have
// carried out an attempt of the item. It returns false if the creation time cannot be
// read.
func (i Item) isOutside(created time.Time) bool {
	switch {
	case created.IsZero():
		return false
	case created.Before(i.From):
		return true
	}
	return !i.To.IsZero() && created.After(i.To)
}

func unclaimed(ctx context.Context, item Item, candidates []Candidate) ([]Candidate, error) {
	ids := make([]uuid.UUID, len(candidates))
	for i, candidate := range candidates {
		ids[i] = candidate.ID
	}
	claimed, err := item.Claimed(ctx, ids)
	return slices.DeleteFunc(
		candidates,
		func(c Candidate) bool { return slices.Contains(claimed, c.ID) },
	), err
}

func judge(finding Finding, candidates []Candidate, none Verdict) Finding {
	switch {
	case len(candidates) == 0:
		finding.Verdict = none
		finding.Detail = "the server has no order that matches the line"
		return finding
	case len(candidates) > 1:
		ids := make([]string, len(candidates))
		for i, candidate := range candidates {
			ids[i] = candidate.ID.String()
		}
		finding.Verdict = Several
		finding.Detail = "several orders match: " + strings.Join(ids, " ")
		return finding
	}
	found := candidates[0]
	finding.State = found.Status
	switch {
	case found.Created.IsZero():
		finding.Verdict = Unclear
		finding.Detail = fmt.Sprintf(
			"order %s matches, but its creation time cannot be read",
			found.ID,
		)
	case found.Status == string(portfolios.OrderStatusCANCELLED):
		finding.Verdict = Unclear
		finding.Detail = fmt.Sprintf("order %s matches, but is cancelled", found.ID)
	default:
		finding.Verdict = One
		finding.Resource = valid(found.ID)
	}
	return finding
}

// lookAtGiven reads the order that the server returned for an earlier attempt of the
// item. The order belongs to the item even if the order has since been cancelled.
func lookAtGiven(ctx context.Context, client *upvest.Client, item Item, want wanted) (Finding, error) {
	var response upvest.Response
	order, err := client.Orders.Retrieve(ctx, item.Given.UUID, upvest.WithResponse(&response))
	if err != nil {
		return Finding{}, fmt.Errorf("look at the order: %w", err)
	}
	found, err := candidateOf(order)
	if err != nil {
		return Finding{}, err
	}
	finding := Finding{Verdict: One, Resource: valid(found.ID), State: found.Status, Date: DateOf(&response)}
	if differs := want.contradicts(found); differs != "" {
		finding.Verdict = Unclear
		finding.Resource = uuid.NullUUID{}
		finding.Detail = fmt.Sprintf("the server returned order %s, which differs in %s", found.ID, differs)
	}
	return finding, nil
}

// sentOrder converts the order in a response, and describes how it differs from the
// wanted order. Fields of `unnamed` that cannot be read are not compared.
func sentOrder(order *portfolios.Order, want wanted) Sent {
	made, _ := candidateOf(order)
	sent := Sent{Resource: valid(made.ID), State: made.Status}
	if differs := want.contradicts(made); differs != "" {
		sent.Contradiction = fmt.Sprintf(
			"the server returned order %s, which differs in %s",
			made.ID,
			differs,
		)
	}
	return sent
}

// isSettledOrder reports whether the state of an order is final.
func isSettledOrder(state string) bool {
	return state == string(portfolios.OrderStatusFILLED) || state == stateSettled || state == StateCancelled
}

const (
	// StateCancelled is the state of a cancelled order.
	StateCancelled = string(portfolios.OrderStatusCANCELLED)
	stateSettled   = "SETTLED"
)
