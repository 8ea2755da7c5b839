package buffer

import (
	"context"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/journal"
)

// gaugeInterval is how often the gauges of the journal move.
const gaugeInterval = time.Second

// journalReport counts what the journal does.
type journalReport struct {
	events, bytes, oldest *service.MetricGauge
	syncs                 *service.MetricCounter
	syncLatency           *service.MetricTimer
	refused               *service.MetricCounter
	retries, lost         *service.MetricCounter
}

var _ journal.Observer = (*journalReport)(nil)

func newJournalReport(res *service.Resources) *journalReport {
	metrics := res.Metrics()
	r := &journalReport{
		events:      metrics.NewGauge("segment_journal_events"),
		bytes:       metrics.NewGauge("segment_journal_bytes"),
		oldest:      metrics.NewGauge("segment_journal_oldest_seconds"),
		syncs:       metrics.NewCounter("segment_journal_syncs"),
		syncLatency: metrics.NewTimer("segment_journal_sync_latency_ns"),
		refused:     metrics.NewCounter("segment_journal_refused", "reason"),
		retries:     metrics.NewCounter("segment_journal_retries"),
		lost:        metrics.NewCounter("segment_journal_lost"),
	}
	r.startAtZero()
	return r
}

// startAtZero shows the counters before there is something to count. One that
// begins at 1 has not grown, for whoever asks by how much it did.
func (r *journalReport) startAtZero() {
	for _, reason := range []journal.Refusal{journal.RefusedFull, journal.RefusedDisk, journal.RefusedClosed, journal.RefusedEvent} {
		r.refused.Incr(0, string(reason))
	}
	for _, counter := range []*service.MetricCounter{r.syncs, r.retries, r.lost} {
		counter.Incr(0)
	}
}

// watch moves the gauges until the context ends.
func (r *journalReport) watch(ctx context.Context, queue *journal.Journal) {
	ticker := time.NewTicker(gaugeInterval)
	defer ticker.Stop()
	for {
		r.gauge(queue.Stats())
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *journalReport) gauge(held journal.Stats) {
	r.events.Set(held.Events)
	r.bytes.Set(held.Bytes)
	if held.Oldest.IsZero() {
		r.oldest.Set(0)
		return
	}
	r.oldest.Set(max(0, int64(time.Since(held.Oldest).Seconds())))
}

// Synced counts a sync.
func (r *journalReport) Synced(took time.Duration, _ int) {
	r.syncs.Incr(1)
	r.syncLatency.Timing(took.Nanoseconds())
}

// Refused counts messages that were given back to the input.
func (r *journalReport) Refused(events int, reason journal.Refusal) {
	r.refused.Incr(int64(events), string(reason))
}

// Retried counts messages that were handed out again.
func (r *journalReport) Retried(events int) { r.retries.Incr(int64(events)) }

// Lost counts messages that the disk did not give back.
func (r *journalReport) Lost(events int) { r.lost.Incr(int64(events)) }
