// Package metrics exports figures of a worker and of the runs in the ledger to
// Prometheus.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	// The Prometheus client provides the format, the histograms and the metrics of the
	// process.
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
	"github.com/d8277167/upvest-portfolios-go/fleet/internal/queue"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

const (
	// keptFor is how long a worker reuses counts. The database therefore counts at most
	// four times a minute for each worker, no matter how often Prometheus scrapes it.
	// After a count that failed, the next scrape counts again.
	keptFor = 15 * time.Second
	// countTimeout is how long counting may take. If counting takes longer, the response
	// contains only the counts that were read by then.
	countTimeout = 5 * time.Second
)

// Metrics are the metrics of one worker. They are safe for concurrent use.
type Metrics struct {
	ledger   *ledger.Ledger
	logger   *slog.Logger
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
	// The following metrics are about runs, so all workers report the same values, apart
	// from the time at which they counted.
	lines, withoutJob, held *prometheus.GaugeVec

	mu      sync.Mutex
	counted time.Time
}

// New returns metrics about requests, the process, and the runs in the ledger.
func New(l *ledger.Ledger, logger *slog.Logger) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	)
	with := promauto.With(registry)
	return &Metrics{
		ledger: l, logger: logger, registry: registry,
		requests: with.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "fleet_request_seconds",
			Help:    "Seconds that attempts of calls took, by operation and HTTP status (0: no response).",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation", "status"}),
		lines: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fleet_lines", Help: "Lines by outcome, for the runs with jobs and the latest run.",
		}, []string{"run", "outcome"}),
		withoutJob: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fleet_lines_without_job", Help: "Undecided lines of each run that have no job.",
		}, []string{"run"}),
		held: with.NewGaugeVec(prometheus.GaugeOpts{
			Name: "fleet_run_held",
			Help: "1 while the fleet holds this run or all runs; fleet status shows the reason.",
		}, []string{"run"}),
	}
}

// Handler returns a handler that responds with all metrics in the format of Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(prometheus.GathererFunc(m.gather), promhttp.HandlerOpts{})
}

func (m *Metrics) gather() ([]*dto.MetricFamily, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if time.Since(m.counted) > keptFor {
		m.count()
	}
	return m.registry.Gather()
}

// Observe records the duration of an attempt. It is a hook for the client.
func (m *Metrics) Observe(_ context.Context, attempt upvest.Attempt) {
	m.requests.WithLabelValues(
		attempt.Operation,
		strconv.Itoa(attempt.Status),
	).Observe(
		attempt.Duration.Seconds(),
	)
}

// count counts the lines of every run that has jobs, and of the latest run. If counting
// fails, for example because the database is down, the metrics that could not be counted
// are missing.
func (m *Metrics) count() {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	m.lines.Reset()
	m.withoutJob.Reset()
	m.held.Reset()
	if err := m.countRuns(ctx); err != nil {
		m.logger.Warn("count for the metrics", "error", err)
		return
	}
	m.counted = time.Now()
}

func (m *Metrics) countRuns(ctx context.Context) error {
	runs, err := queue.Active(ctx, m.ledger)
	if err != nil {
		return err
	}
	latest, err := m.ledger.Run(ctx, "")
	if errors.Is(err, ledger.ErrNoRun) {
		return nil
	}
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(runs, func(run ledger.Run) bool { return run.ID == latest.ID }) {
		runs = append(runs, latest)
	}
	settings, err := m.ledger.Settings(ctx)
	if err != nil {
		return err
	}
	for _, run := range runs {
		if err := m.countRun(ctx, run, settings.Halted != ""); err != nil {
			return err
		}
	}
	return nil
}

func (m *Metrics) countRun(ctx context.Context, run ledger.Run, isHalted bool) error {
	live, err := queue.Live(ctx, m.ledger, run.ID)
	if err != nil {
		return err
	}
	n, err := m.ledger.Count(ctx, run.ID)
	if err != nil {
		return err
	}
	for outcome, count := range map[string]int{
		"waiting": n.Waiting, "unknown": n.Unknown, "done": n.Done, "found": n.Found, "refused": n.Refused,
		"review": n.Review, "cancelled": n.Cancelled,
	} {
		m.lines.WithLabelValues(run.Name, outcome).Set(float64(count))
	}
	m.withoutJob.WithLabelValues(run.Name).Set(float64(max(0, n.Open()-live)))
	held := 0.0
	if run.Held != "" || isHalted {
		held = 1
	}
	m.held.WithLabelValues(run.Name).Set(held)
	return nil
}
