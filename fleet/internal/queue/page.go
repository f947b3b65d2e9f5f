package queue

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"

	"riverqueue.com/riverui" // the page of River that shows jobs
)

// Page returns a handler for River's web pages. Their background services stop when the
// context ends. The pages require no password.
func (q *Queue) Page(ctx context.Context, logger *slog.Logger) (http.Handler, error) {
	endpoints := riverui.NewEndpoints(q.client, nil)
	page, err := riverui.NewHandler(&riverui.HandlerOpts{Endpoints: endpoints, Logger: quiet(logger)})
	if err != nil {
		return nil, fmt.Errorf("make River's page: %w", err)
	}
	if err := page.Start(ctx); err != nil {
		return nil, fmt.Errorf("start River's page: %w", err)
	}
	return page, nil
}
