package main

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func start(t *testing.T) (*sandbox.Sandbox, *upvest.Client, uuid.UUID) {
	t.Helper()
	server := sandbox.Start(t, sandbox.WithLaterVersions(), sandbox.WithoutNetwork())
	inProcess := &http.Client{Transport: server.Transport()}
	client, err := upvest.New(server.Credentials(), upvest.WithHTTPClient(inProcess))
	if err != nil {
		t.Fatal(err)
	}
	allocation, err := client.Allocations.Create(t.Context(), portfolios.AllocationRequest{
		Name: "One share",
		Allocation: []portfolios.InstrumentWeight{
			{InstrumentID: "US0378331005", InstrumentIDType: portfolios.InstrumentIDTypeISIN, Weight: "1"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	account := uuid.New()
	_, err = client.Configurations.Create(t.Context(), portfolios.ConfigurationRequest{
		AccountID:    account,
		AllocationID: allocation.ID,
	})
	if err != nil {
		t.Fatal(err)
	}
	return server, client, account
}

func TestLaterVersions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, account := start(t)
		var out strings.Builder
		if err := run(t.Context(), client, account, uuid.New(), &out); err != nil {
			t.Fatal(err)
		}
		want := "order of " + account.String() + " is NEW\n" +
			"liquidation is NEW\nliquidation is SETTLED\nconfiguration is deleted\n"
		if out.String() != want {
			t.Errorf("got the output\n%s\nwant\n%s", out.String(), want)
		}
		effects, err := server.Effects()
		if err != nil {
			t.Fatal(err)
		}
		var operations []sandbox.Operation
		for _, effect := range effects {
			operations = append(operations, effect.Operation)
		}
		wantOperations := []sandbox.Operation{
			sandbox.TriggerRebalancing, sandbox.CreateAccountLiquidation, sandbox.DeleteConfiguration,
		}
		if got := operations[2:]; !slices.Equal(got, wantOperations) {
			t.Errorf("after the setup: got the effects %s, want %s", got, wantOperations)
		}
		_, err = client.Configurations.Retrieve(t.Context(), account)
		if !errors.Is(err, upvest.ErrNotFound) {
			t.Errorf("retrieving the deleted configuration: got the error %v, want a 404", err)
		}
	})
}

// TestAccountLiquidations requires that account liquidations can be listed and cancelled.
// For the liquidation request of v1, which the new operations replace, the sandbox must
// return 404.
func TestAccountLiquidations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client, account := start(t)
		user := uuid.New()
		_, err := client.Orders.CreateLiquidationRequest(t.Context(), account, portfolios.LiquidationRequest{
			UserID: user,
		})
		if !errors.Is(err, upvest.ErrNotFound) {
			t.Errorf("the liquidation request of v1: got the error %v, want a 404", err)
		}
		path := "/accounts/" + account.String() + "/liquidations"
		do := func(method, path string, body, out any) error {
			return client.Do(t.Context(), upvest.Request{Method: method, Path: path, Body: body}, out)
		}
		var made liquidation
		if err := do(http.MethodPost, path, map[string]uuid.UUID{"user_id": user}, &made); err != nil {
			t.Fatal(err)
		}
		if err := do(http.MethodDelete, path+"/"+made.ID.String(), nil, nil); err != nil {
			t.Error(err)
		}
		var page struct {
			Data []liquidation   `json:"data"`
			Meta portfolios.Meta `json:"meta"`
		}
		if err := do(http.MethodGet, path, nil, &page); err != nil {
			t.Fatal(err)
		}
		if len(page.Data) != 1 || page.Data[0].Status != "CANCELLED" || page.Meta.TotalCount != 1 {
			t.Errorf("got the page %+v, want one liquidation with the status CANCELLED, and the total 1",
				page)
		}
		for want, err := range map[error]error{
			upvest.ErrConflict:   do(http.MethodDelete, path+"/"+made.ID.String(), nil, nil),
			upvest.ErrNotFound:   do(http.MethodGet, path+"/"+uuid.NewString(), nil, new(liquidation)),
			upvest.ErrBadRequest: do(http.MethodPost, path, map[string]string{"user_id": "no id"}, nil),
		} {
			if !errors.Is(err, want) {
				t.Errorf("got the error %v, want %v", err, want)
			}
		}
	})
}

func TestOrdersSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, client, account := start(t)
		order, err := client.Orders.Create(t.Context(), portfolios.OrderRequest{
			AccountID:  account,
			UserID:     uuid.New(),
			CashAmount: "10.00",
			Currency:   portfolios.CurrencyEUR,
			Side:       portfolios.SideBUY,
		})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		settled := func(order *portfolios.Order) bool { return order.Status == "SETTLED" }
		if _, err := client.Orders.Wait(ctx, order.ID, settled); err != nil {
			t.Error(err)
		}
	})
}
