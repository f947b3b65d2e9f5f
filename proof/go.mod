module github.com/d8277167/upvest-portfolios-go/proof

go 1.26.0

require (
	github.com/d8277167/upvest-portfolios-go v0.1.0
	github.com/d8277167/upvest-portfolios-go/sandbox v0.1.0
)

require (
	github.com/getkin/kin-openapi v0.152.0
	github.com/google/uuid v1.6.0
	golang.org/x/mod v0.41.0
	golang.org/x/oauth2 v0.37.0
	pgregory.net/rapid v1.3.0
)

require github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect

require (
	github.com/anishathalye/porcupine v1.3.1 // checks histories of concurrent calls
	github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
	github.com/cockroachdb/apd/v3 v3.2.3
	github.com/dunglas/httpsfv v1.1.2
	github.com/go-json-experiment/json v1.27.2 // indirect
	github.com/go-openapi/jsonpointer v0.22.5 // indirect
	github.com/go-openapi/swag/jsonname v0.25.5 // indirect
	github.com/oapi-codegen/runtime v1.8.0 // indirect
	github.com/oasdiff/yaml v0.1.1 // indirect
	github.com/oasdiff/yaml3 v0.0.14 // indirect
	github.com/rogpeppe/go-internal v1.9.0 // indirect
	github.com/santhosh-tekuri/jsonschema/v6 v6.0.3 // indirect
	github.com/tidwall/btree v1.8.2 // indirect
	go.yaml.in/yaml/v3 v3.0.4
	golang.org/x/perf v0.0.0-20260908200009-22c9c6c9d4da
	golang.org/x/text v0.43.0 // indirect
	golang.org/x/time v0.14.0
)
