package addition_test

const operationID = "retrieve_portfolios_order_fee"

// addToContract adds an operation and a field to openapi.yaml, in the way that Upvest
// might document them.
func addToContract(c clone) {
	c.t.Helper()
	const file = "openapi.yaml"
	c.insert(file, "  /portfolios/rebalancings/executions:\n", newPath)
	c.insert(file, "    OrderRequest:\n      type: object\n", newSchema)
	c.insert(file, "    OrderBuy:\n      summary: ", newExample)
	const order = "status, post_tax, orders]\n      properties:\n"
	c.replace(file, order, order+newField)
	const example = "  summary: A buy order in progress\n      value:\n"
	c.replace(file, example, example+"        client_reference: savings plan\n")
}

const (
	newField = `        client_reference:
          type: string
          description: The name that the caller gives the order.
`
	newSchema = `    OrderFee:
      type: object
      description: The fee of an order.
      required: [id, amount]
      properties:
        id:
          type: string
          format: uuid
          description: The id of the portfolio order.
        amount:
          type: string
          description: The fee in euros.
`
	newExample = `    OrderFee:
      summary: The fee of an order
      value:
        id: eb5ba93f-5dfe-4bf1-8571-4da0caacc80c
        amount: '1.50'
`
	newPath = `  /portfolios/orders/{portfolio_order_id}/fee:
    parameters:
      - $ref: '#/components/parameters/UpvestClientID'
      - $ref: '#/components/parameters/Authorization'
      - $ref: '#/components/parameters/Signature'
      - $ref: '#/components/parameters/SignatureInput'
      - $ref: '#/components/parameters/UpvestAPIVersion'
    get:
      operationId: retrieve_portfolios_order_fee
      tags: [Orders]
      summary: Retrieve portfolios order fee
      description: The fee of one portfolio order.
      security:
        - oauth-client-credentials: ['portfolios:read']
        - oauth-client-credentials: ['portfolios:admin']
      parameters:
        - $ref: '#/components/parameters/PortfolioOrderID'
      responses:
        '200':
          description: The fee
          headers:
            upvest-request-id: {$ref: '#/components/headers/UpvestRequestID'}
          content:
            application/json:
              schema:
                $ref: '#/components/schemas/OrderFee'
              examples:
                fee: {$ref: '#/components/examples/OrderFee'}
        '401': {$ref: '#/components/responses/Unauthorized'}
        '403': {$ref: '#/components/responses/Forbidden'}
        '404': {$ref: '#/components/responses/NotFound'}
        '406': {$ref: '#/components/responses/NotAcceptable'}
        '429': {$ref: '#/components/responses/TooManyRequests'}
        '500': {$ref: '#/components/responses/InternalServerError'}
        '503': {$ref: '#/components/responses/ServiceUnavailable'}
        default: {$ref: '#/components/responses/Problem'}

`
)
