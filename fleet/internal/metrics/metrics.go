// Package metrics tells Prometheus how a worker and its runs are doing.
package metrics

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus" // the format, the process's own figures and histograms that are safe to count in
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

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
	registry *prometheus.Registry
	requests *prometheus.HistogramVec
}

// New makes metrics of requests, of the process, and of the latest run in the ledger.
func New(l *ledger.Ledger, logger *slog.Logger) (*Metrics, error) {
	m := &Metrics{registry: prometheus.NewRegistry(), requests: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "fleet_request_seconds", Help: "Attempts of calls by operation and HTTP status, 0 if there was no answer.",
		Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
	}, []string{"operation", "status"})}
	for _, collector := range []prometheus.Collector{
		m.requests, newOrders(l, logger), collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
	} {
		if err := m.registry.Register(collector); err != nil {
			return nil, fmt.Errorf("make metrics: %w", err)
		}
	}
	return m, nil
}

// Handler answers Prometheus.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{})
}

// Observe is a hook for the client's attempts.
func (m *Metrics) Observe(_ context.Context, attempt upvest.Attempt) {
	m.requests.WithLabelValues(attempt.Operation, strconv.Itoa(attempt.Status)).Observe(attempt.Duration.Seconds())
}

// orders counts the orders of the latest run. All workers tell the same of them.
type orders struct {
	ledger      *ledger.Ledger
	logger      *slog.Logger
	outcomes    *prometheus.Desc
	givenUp     *prometheus.Desc
	mu          sync.Mutex
	run         string
	counts      ledger.Counts
	countedLast time.Time
}

func newOrders(l *ledger.Ledger, logger *slog.Logger) *orders {
	return &orders{
		ledger: l, logger: logger,
		outcomes: prometheus.NewDesc("fleet_orders", "Orders of the latest run by what became of them.", []string{"run", "outcome"}, nil),
		givenUp: prometheus.NewDesc("fleet_jobs_given_up", "Jobs of the latest run that failed too often and are not tried again.",
			[]string{"run"}, nil),
	}
}

// Describe lists the metrics.
func (o *orders) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- o.outcomes
	descriptions <- o.givenUp
}

// Collect counts, unless that was done a moment ago. While the database is down it tells nothing rather than something old.
func (o *orders) Collect(metrics chan<- prometheus.Metric) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.countedLast) > keptFor {
		if err := o.count(); err != nil {
			o.logger.Warn("count for the metrics", "error", err)
			return
		}
	}
	if o.run == "" {
		return
	}
	for outcome, count := range map[string]int{
		"waiting": o.counts.Waiting, "unknown": o.counts.Unknown, "placed": o.counts.Placed, "adopted": o.counts.Adopted,
		"refused": o.counts.Refused, "review": o.counts.Review,
	} {
		metrics <- prometheus.MustNewConstMetric(o.outcomes, prometheus.GaugeValue, float64(count), o.run, outcome)
	}
	metrics <- prometheus.MustNewConstMetric(o.givenUp, prometheus.GaugeValue, float64(o.counts.GivenUp), o.run)
}

func (o *orders) count() error {
	ctx, cancel := context.WithTimeout(context.Background(), countTimeout)
	defer cancel()
	runs, err := o.ledger.Runs(ctx)
	if err != nil || len(runs) == 0 {
		return err
	}
	counts, err := o.ledger.Count(ctx, runs[0])
	if err != nil {
		return err
	}
	o.run, o.counts, o.countedLast = runs[0], counts, time.Now()
	return nil
}
