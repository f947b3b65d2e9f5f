package queue

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/pace"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/place"
)

// jobWorker runs River's jobs for a [Worker].
type jobWorker struct {
	river.WorkerDefaults[Job]
	worker *Worker
}

// Work carries out the item of a job.
func (j *jobWorker) Work(ctx context.Context, job *river.Job[Job]) error {
	w := j.worker
	run, err := w.runNamed(ctx, job.Args.Run)
	if err != nil {
		return snooze(5 * time.Second)
	}
	ctx, err = w.limiter.Reserve(pace.WithPriority(ctx, run.Priority), slotTimeout)
	if err != nil { // no slot is due in time, and the item has not changed
		return snooze(time.Second)
	}
	err = w.placer.Place(ctx, run, job.Args.Subject, false)
	if later, isLater := errors.AsType[*place.Later](err); isLater {
		w.logger.DebugContext(ctx, "later",
			"run", run.Name, "subject", job.Args.Subject, "wait", later.Wait, "cause", later.Cause)
		return river.JobSnooze(later.Wait)
	}
	if err != nil && job.Attempt >= job.MaxAttempts {
		w.logger.ErrorContext(ctx, "gave up on a line",
			"run", run.Name, "subject", job.Args.Subject, "error", err)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
		defer cancel()
		err = errors.Join(err, w.placer.Ledger.GiveUp(ctx, run.ID, job.Args.Subject, err))
	}
	return err
}

func snooze(least time.Duration) error { return river.JobSnooze(least + rand.N(4*least)) }

// retries is the retry policy for River: a job waits one second after its first failure,
// four seconds after the second, nine after the third, and so on, up to ten minutes. A
// random duration of up to half of this time is added.
type retries struct{ clock clock }

// NextRetry returns the time at which River runs a failed job again.
func (r retries) NextRetry(job *rivertype.JobRow) time.Time {
	failures := len(job.Errors) + 1
	wait := min(time.Duration(failures*failures)*time.Second, maxWait)
	return r.clock.Now().Add(wait + rand.N(wait/2))
}
