package queue

import (
	"context"
	"sync"
	"time"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

// followEvery is the shortest interval between two comparisons of a run with the server.
// The comparisons end when every item is decided and all orders are settled.
const followEvery = 5 * time.Minute

// followRuns starts a background comparison with the server for each run that is due for
// one, unless another worker has claimed the comparison.
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
