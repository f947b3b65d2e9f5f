// Command firstorder places a buy order for 100 euros in an account that has a
// configuration. The README shows this program.
//
// The program calls the server given in the UPVEST_API_* variables; `make first-order`
// runs the program on a sandbox that has this account.
package main

import (
	"context"
	"fmt"
	"log"

	"github.com/google/uuid"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

func main() {
	credentials, err := upvest.FromEnv() // UPVEST_API_CLIENT_ID and so on
	if err != nil {
		log.Fatal(err)
	}
	client, err := upvest.New(credentials)
	if err != nil {
		log.Fatal(err)
	}
	order, err := client.Orders.Create(context.Background(), portfolios.OrderRequest{
		AccountID:  uuid.MustParse("1f0d3b5c-7a29-4e68-9c14-8b2e6f5a0d37"),
		UserID:     uuid.MustParse("4b9732bd-7496-4e91-8a5f-6360479d7fed"),
		CashAmount: "100.00",
		Currency:   portfolios.CurrencyEUR,
		Side:       portfolios.SideBUY,
	})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(order.ID, order.Status)
}
