package operation

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// CreateConfigurations creates the first configuration of each account in a file.
type CreateConfigurations struct{}

// Name returns the name of the operation in commands.
func (CreateConfigurations) Name() string { return "create-configurations" }

// ID returns the operationId in the API.
func (CreateConfigurations) ID() string { return "create_portfolios_configuration" }

// Columns returns the columns of the operation's files.
func (CreateConfigurations) Columns() []string { return []string{"account", "allocation"} }

// Parse checks the allocation.
func (CreateConfigurations) Parse(fields []string) error {
	var p problems
	p.expectID("allocation", fields[0])
	return p.err()
}

// IsSame reports whether two lines name the same allocation.
func (CreateConfigurations) IsSame(a, b []string) bool { return sameID(a[0], b[0]) }

// WithoutLookup returns 23 hours. Upvest keeps idempotency keys for longer.
func (CreateConfigurations) WithoutLookup() ledger.WithoutLookup { return keptFor }

// Send creates the configuration (POST /portfolios/configurations).
func (CreateConfigurations) Send(
	ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption,
) (Sent, error) {
	allocation := mustID(item.Fields[0])
	made, err := client.Configurations.Create(ctx, portfolios.ConfigurationRequest{
		AccountID: item.Subject, AllocationID: allocation,
	}, options...)
	if err != nil {
		return Sent{}, err
	}
	return sentConfiguration(made, item.Subject, allocation), nil
}

// Look compares the account's configuration with the allocation of the item.
func (CreateConfigurations) Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error) {
	finding, configuration, err := readConfiguration(ctx, client, item.Subject)
	switch {
	case err != nil:
		return Finding{}, err
	case configuration == nil:
		finding.Verdict = None
		finding.Detail = "the account has no configuration"
		return finding, nil
	}
	finding.Verdict = One
	if configuration.AllocationID != mustID(item.Fields[0]) {
		finding.Verdict = Unclear
		finding.Detail = "the account follows allocation " + configuration.AllocationID.String()
	}
	return finding, nil
}

// IsSettled returns true, because a configuration takes effect at once.
func (CreateConfigurations) IsSettled(string) bool { return true }

// MakesOrders returns false, because a configuration is not an order.
func (CreateConfigurations) MakesOrders() bool { return false }

// ChangeConfigurations moves each account in a file from one allocation to another.
type ChangeConfigurations struct{}

// Name returns the name of the operation in commands.
func (ChangeConfigurations) Name() string { return "change-configurations" }

// ID returns the operationId in the API.
func (ChangeConfigurations) ID() string { return "update_portfolios_configuration" }

// Columns returns the columns of the operation's files.
func (ChangeConfigurations) Columns() []string { return []string{"account", "from", "to"} }

// Parse checks the allocations `from` and `to`, which must differ.
func (ChangeConfigurations) Parse(fields []string) error {
	var p problems
	p.expectID("from", fields[0])
	p.expectID("to", fields[1])
	p.expectf(!sameID(fields[0], fields[1]), "from and to name the same allocation")
	return p.err()
}

// IsSame reports whether two lines name the same two allocations.
func (ChangeConfigurations) IsSame(a, b []string) bool {
	return sameID(a[0], b[0]) && sameID(a[1], b[1])
}

// WithoutLookup requires a lookup before every attempt, because the account must still
// follow the allocation in the column `from` of the file.
func (ChangeConfigurations) WithoutLookup() ledger.WithoutLookup { return ledger.Never }

// Send changes the configuration (PATCH /portfolios/configurations/{account_id}).
func (ChangeConfigurations) Send(
	ctx context.Context, client *upvest.Client, item Item, options ...upvest.CallOption,
) (Sent, error) {
	target := mustID(item.Fields[1])
	changed, err := client.Configurations.Update(ctx, item.Subject,
		portfolios.ConfigurationUpdate{AllocationID: api.OptionalUUID(target)}, options...)
	if err != nil {
		return Sent{}, err
	}
	return sentConfiguration(changed, item.Subject, target), nil
}

// Look compares the account's configuration with the two allocations of the item.
func (ChangeConfigurations) Look(ctx context.Context, client *upvest.Client, item Item) (Finding, error) {
	finding, configuration, err := readConfiguration(ctx, client, item.Subject)
	switch {
	case err != nil:
		return Finding{}, err
	case configuration == nil:
		finding.Verdict = Unclear
		finding.Detail = "the account has no configuration"
	case configuration.AllocationID == mustID(item.Fields[1]):
		finding.Verdict = One
	case configuration.AllocationID == mustID(item.Fields[0]):
		finding.Verdict = None
	default:
		finding.Verdict = Unclear
		finding.Detail = "the account follows allocation " + configuration.AllocationID.String()
	}
	return finding, nil
}

// IsSettled returns true, because a configuration takes effect at once.
func (ChangeConfigurations) IsSettled(string) bool { return true }

// MakesOrders returns false, because a configuration is not an order.
func (ChangeConfigurations) MakesOrders() bool { return false }

// readConfiguration returns the configuration of an account, or nil if the account has
// none. The finding contains only the date of the response.
func readConfiguration(
	ctx context.Context, client *upvest.Client, account uuid.UUID,
) (Finding, *portfolios.Configuration, error) {
	var response upvest.Response
	configuration, err := client.Configurations.Retrieve(ctx, account, upvest.WithResponse(&response))
	finding := Finding{Date: DateOf(&response)}
	if errors.Is(err, upvest.ErrNotFound) && IsDefinite(err) {
		return finding, nil, nil
	}
	if err != nil {
		return Finding{}, nil, fmt.Errorf("look at the configuration: %w", err)
	}
	return finding, configuration, nil
}

func sentConfiguration(c *portfolios.Configuration, account, allocation uuid.UUID) Sent {
	if c.AccountID == account && c.AllocationID == allocation {
		return Sent{}
	}
	return Sent{
		Contradiction: fmt.Sprintf("the server returned a configuration of account %s with allocation %s",
			c.AccountID, c.AllocationID),
	}
}
