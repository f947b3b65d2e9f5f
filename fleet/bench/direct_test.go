package bench_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/api"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/testapi"
	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// direct places the orders of a file repeatedly until the duration `measured` has passed.
// It uses the client alone, with as many calls in flight as a worker, and prints the
// orders per second.
func direct(ctx context.Context, file string) error {
	orders, err := read(file)
	if err != nil {
		return err
	}
	credentials, err := upvest.FromEnv()
	if err != nil {
		return err
	}
	client, err := upvest.New(credentials)
	if err != nil {
		return err
	}
	var next, placed atomic.Int64
	failures := make(chan error, inFlight)
	began := time.Now()
	var callers sync.WaitGroup
	for range inFlight {
		callers.Go(func() {
			for time.Since(began) < measured {
				i := int(next.Add(1))
				order := orders[i%len(orders)]
				key, err := place.Key(
					string(testapi.Create),
					fmt.Sprintf("direct %d", i/len(orders)),
					order.AccountID,
				)
				if err == nil {
					_, err = client.Orders.Create(ctx, order, upvest.WithIdempotencyKey(key))
				}
				if err != nil {
					failures <- err
					return
				}
				placed.Add(1)
			}
		})
	}
	callers.Wait()
	rate := float64(placed.Load()) / time.Since(began).Seconds()
	select {
	case err := <-failures:
		return err
	default:
	}
	fmt.Printf("%.1f\n", rate)
	return nil
}

func read(file string) ([]portfolios.OrderRequest, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("open the orders: %w", err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("read the orders: %w", err)
	}
	orders := make([]portfolios.OrderRequest, 0, len(lines)-1)
	for _, line := range lines[1:] {
		orders = append(orders, portfolios.OrderRequest{
			AccountID: uuid.MustParse(line[0]), UserID: uuid.MustParse(line[1]),
			Side: portfolios.Side(line[2]), CashAmount: api.Decimal(line[3]),
			Currency: portfolios.Currency(line[4]),
		})
	}
	return orders, nil
}
