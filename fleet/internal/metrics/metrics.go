// Package metrics tells Prometheus how a worker and its runs are doing.
package metrics

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus" // the format, the process's own figures and histograms that are safe to count in
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	dto "github.com/prometheus/client_model/go"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"

	"github.com/d8277167/upvest-portfolios-go/fleet/internal/ledger"
)

const (
	// keptFor is how long counts are told again: however often and by however many it is asked, the database counts a few times a minute.
	keptFor = 15 * time.Second
	// countTimeout is how long counting may take before an answer goes out without it.
	countTimeout = 5 * time.Second
)

// Metrics are those of one worker. They are safe for concurrent use.
type Metrics struct {
	ledger          *ledger.Ledger
	logger          *slog.Logger
	registry        *prometheus.Registry
	requests        *prometheus.HistogramVec
	orders, givenUp *prometheus.GaugeVec // of the latest run: all workers tell the same of it
	mu              sync.Mutex
	counted         time.Time
}

// New makes metrics of requests, of the process, and of the latest run in the ledger.
func New(l *ledger.Ledger, logger *slog.Logger) *Metrics {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	with := promauto.With(registry)
	return &Metrics{
		ledger: l, logger: logger, registry: registry,
		requests: with.NewHistogramVec(prometheus.HistogramOpts{
			Name: "fleet_request_seconds", Help: "Attempts of calls by operation and HTTP status, 0 if there was no answer.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"operation", "status"}),
		orders: with.NewGaugeVec(prometheus.GaugeOpts{Name: "fleet_orders", Help: "Orders of the latest run by what became of them."},
			[]string{"run", "outcome"}),
		givenUp: with.NewGaugeVec(prometheus.GaugeOpts{Name: "fleet_jobs_given_up", Help: "Jobs of the latest run that are not tried again."},
			[]string{"run"}),
	}
}

// Handler answers Prometheus.
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

// Observe is a hook for the client's attempts.
func (m *Metrics) Observe(_ context.Context, attempt upvest.Attempt) {
	m.requests.WithLabelValues(attempt.Operation, strconv.Itoa(attempt.Status)).Observe(attempt.Duration.Seconds())
}

// count counts the orders of the latest run. While the database is down nothing is told of them, rather than something old.
func (m *Metrics) count() {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	m.orders.Reset()
	m.givenUp.Reset()
	run, err := m.ledger.Latest(ctx)
	if errors.Is(err, ledger.ErrNoRun) {
		return
	}
	var n ledger.Counts
	if err == nil {
		n, err = m.ledger.Count(ctx, run)
	}
	if err != nil {
		m.logger.Warn("count for the metrics", "error", err)
		return
	}
	for outcome, count := range map[string]int{
		"waiting": n.Waiting, "unknown": n.Unknown, "placed": n.Placed, "adopted": n.Adopted, "refused": n.Refused, "review": n.Review,
	} {
		m.orders.WithLabelValues(run, outcome).Set(float64(count))
	}
	m.givenUp.WithLabelValues(run).Set(float64(n.GivenUp))
	m.counted = time.Now()
}
