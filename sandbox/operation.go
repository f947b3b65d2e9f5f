package sandbox

import "github.com/d8277167/upvest-portfolios-go/sandbox/internal/contract"

// Operation names an operation in faults, filters and journals: an operationId of the
// API, or TokenOperation. The zero value names no operation.
type Operation = contract.Operation

// TokenOperation is the token endpoint, POST /auth/token.
const TokenOperation = contract.Token

// Operations of openapi.yaml.
const (
	ListAllocations              Operation = "list_portfolios_allocations"
	CreateAllocation             Operation = "create_portfolios_allocation"
	RetrieveAllocation           Operation = "retrieve_portfolios_allocation"
	UpdateAllocation             Operation = "update_portfolios_allocation"
	ListConfigurations           Operation = "list_portfolios_configurations"
	CreateConfiguration          Operation = "create_portfolios_configuration"
	RetrieveConfiguration        Operation = "retrieve_portfolios_configuration"
	UpdateConfiguration          Operation = "update_portfolios_configuration"
	ListOrders                   Operation = "list_portfolios_orders"
	CreateOrder                  Operation = "create_portfolios_order"
	RetrieveOrder                Operation = "retrieve_portfolios_order"
	CancelOrder                  Operation = "cancel_portfolios_order"
	CreateLiquidationRequest     Operation = "create_portfolios_liquidation_request"
	TriggerRebalancing           Operation = "trigger_portfolio_rebalancing"
	RetrieveRebalancingExecution Operation = "retrieve_portfolios_rebalancing_execution"
)

// Operations of later versions of the API, see [WithLaterVersions].
const (
	DeleteConfiguration            Operation = "delete_portfolios_configuration"
	ListRebalancingExecutionOrders Operation = "list_portfolio_rebalancing_execution_orders"
	ListAccountLiquidations        Operation = "list_account_liquidations"
	CreateAccountLiquidation       Operation = "create_account_liquidation"
	RetrieveAccountLiquidation     Operation = "retrieve_account_liquidation"
	CancelAccountLiquidation       Operation = "cancel_account_liquidation"
)
