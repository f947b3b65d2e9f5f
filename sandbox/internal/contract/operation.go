package contract

// Operation is an operationId, or [Token].
type Operation string

// Token is the token endpoint, which is not in openapi.yaml.
const Token Operation = "token"
