module github.com/d8277167/upvest-portfolios-go

go 1.26.0

require (
	github.com/go-json-experiment/json v1.27.2 // encoding/json/v2 before Go 1.27: member names go by case, at half the cost; has no dependencies
	github.com/google/uuid v1.6.0
	github.com/oapi-codegen/runtime v1.8.0
	golang.org/x/oauth2 v0.37.0
)

require github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
