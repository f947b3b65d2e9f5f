module github.com/d8277167/upvest-portfolios-go

go 1.26.0

require (
	github.com/google/uuid v1.6.0
	github.com/oapi-codegen/runtime v1.8.0
	golang.org/x/crypto v0.58.0 // scrypt, for keys that openssl pkcs8 -scrypt encrypted
	golang.org/x/oauth2 v0.37.0
)

require github.com/apapsch/go-jsonmerge/v2 v2.0.0 // indirect
