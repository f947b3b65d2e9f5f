package wrapper

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/google/uuid"
	"golang.org/x/oauth2"

	portfolios "github.com/d8277167/upvest-portfolios-go/generated"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/refresh"
	"github.com/d8277167/upvest-portfolios-go/wrapper/internal/validate"
)

// apiVersion is the MAJOR version of the API that openapi.yaml describes.
const apiVersion = "1"

// VersionEditor selects version 1 of the API with the header upvest-api-version.
//
// Source: docs.upvest.co, "Versioning".
func VersionEditor() portfolios.RequestEditorFn {
	return headerEditor("Upvest-Api-Version", apiVersion)
}

// ClientIDEditor sets the header upvest-client-id.
func ClientIDEditor(clientID uuid.UUID) portfolios.RequestEditorFn {
	return headerEditor("Upvest-Client-Id", clientID.String())
}

// AcceptEditor sets the header accept to application/json, the only value that a
// signature may cover.
func AcceptEditor() portfolios.RequestEditorFn { return headerEditor("Accept", "application/json") }

func headerEditor(name, value string) portfolios.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		setHeader(req, name, value)
		return nil
	}
}

// IdempotencyKeyEditor sets the header idempotency-key of a POST or PATCH to the result
// of newKey. Other requests get no key. Pass uuid.NewRandom to give each call a new key.
// A key that the request already has is kept.
//
// The generated client runs the editors of the client before those of a call. To give a
// particular key to one call, pass two more editors to the call: one that sets the header
// idempotency-key, and then another [SignatureEditor].
func IdempotencyKeyEditor(newKey func() (uuid.UUID, error)) portfolios.RequestEditorFn {
	return func(_ context.Context, req *http.Request) error {
		keyed := req.Method == http.MethodPost || req.Method == http.MethodPatch
		if !keyed || req.Header.Get("idempotency-key") != "" {
			return nil
		}
		if newKey == nil {
			return errors.New("idempotency key editor: the function is nil: use uuid.NewRandom")
		}
		key, err := newKey()
		if err != nil {
			return fmt.Errorf("make an idempotency key: %w", err)
		}
		setHeader(req, "Idempotency-Key", key.String())
		return nil
	}
}

// TokenEditor sets the header authorization, with a token from the source, which can be a
// [TokenSource].
func TokenEditor(source oauth2.TokenSource) portfolios.RequestEditorFn {
	if validate.IsNil(source) {
		return func(context.Context, *http.Request) error {
			return errors.New("token editor: the token source is nil")
		}
	}
	slots := make(refresh.Slots, maxTokenRequests)
	return func(ctx context.Context, req *http.Request) error {
		token, err := tokenFrom(ctx, source, slots, "")
		if err != nil {
			return fmt.Errorf("get an access token: %w", err)
		}
		setToken(req, token)
		return nil
	}
}

// SignatureEditor signs the request. The signature does not cover headers that are set
// after this editor has run. The editor must therefore run last, even after the editors
// of a call.
func SignatureEditor(signer *Signer) portfolios.RequestEditorFn {
	if signer == nil {
		return func(context.Context, *http.Request) error {
			return errors.New("signature editor: the signer is nil")
		}
	}
	return signer.Sign
}
