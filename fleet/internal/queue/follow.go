package queue

import (
	"context"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// followEvery is how often the orders of a run are compared with the server, until all
// are settled.
const followEvery = 5 * time.Minute

// followRuns compares one run with the server in the background, if a comparison is due.
func (w *Worker) followRuns(ctx context.Context, following *sync.WaitGroup) error {
	if w.follow == nil {
		return nil
	}
	runs, err := w.placer.Ledger.Unsettled(ctx, followEvery)
	if err != nil {
		return err
	}
	for _, run := range runs {
		isMine, err := w.placer.Ledger.ClaimFollowing(ctx, run.ID, followEvery)
		if err != nil {
			return err
		}
		if isMine {
			following.Go(func() { w.followRun(ctx, run) })
		}
	}
	return nil
}

func (w *Worker) followRun(ctx context.Context, run ledger.Run) {
	if err := w.follow(ctx, run); err != nil && ctx.Err() == nil {
		w.logger.WarnContext(ctx, "follow the orders of a run", "run", run.Name, "error", err)
	}
}
