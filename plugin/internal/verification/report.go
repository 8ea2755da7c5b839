package verification

import (
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

// report says in gauges and in the log what was found.
type report struct {
	log                          *service.Logger
	enabled, received, discarded *service.MetricGauge

	// said is what was said last about the source, and at when.
	said string
	at   time.Time
	// isAway says that the API could not be asked, and that this was said;
	// countsAway the same of the counts.
	isAway, countsAway bool
	// isWithoutDiscards says that only the older statistics are there, and that
	// this was said.
	isWithoutDiscards bool
	// before are the discards that were spoken of.
	before      map[string]int64
	beforeTotal int64
}

func newReport(res *service.Resources) *report {
	metrics := res.Metrics()
	return &report{
		log:       res.Logger(),
		enabled:   metrics.NewGauge("segment_source_enabled"),
		received:  metrics.NewGauge("segment_received"),
		discarded: metrics.NewGauge("segment_discarded", "reason"),
	}
}

// repetition is how often the log repeats what is wrong.
const repetition = time.Minute

// found says what is known about the source.
func (r *report) found(v verdict, isRequired bool, now time.Time) {
	if r.isAway {
		r.isAway = false
		r.log.Info("segment: verify can ask Segment's Public API again")
	}
	text := v.wrong + v.unknown + v.well
	isNews := text != r.said
	if !isNews && (v.wrong == "" || now.Sub(r.at) < repetition) {
		return
	}
	r.said, r.at = text, now
	switch {
	case v.wrong != "" && isRequired:
		r.log.Error("segment: " + v.wrong + ". Until then, calls wait upstream, and nothing is lost")
	case v.wrong != "":
		r.log.Error("segment: " + v.wrong)
	case v.unknown != "":
		r.log.Warn("segment: " + v.unknown)
	default:
		r.log.Info("segment: " + v.well)
	}
	switch {
	case v.wrong != "":
		r.enabled.Set(0)
	case v.well != "":
		r.enabled.Set(1)
	}
}

// away says once that the API cannot be asked.
func (r *report) away(err error) {
	if r.isAway {
		return
	}
	r.isAway = true
	r.log.Warnf("segment: verify cannot ask Segment's Public API; events flow as before, and it goes on trying: %v", err)
}

// counted says what Segment counted.
func (r *report) counted(title string, c counts) {
	if r.countsAway {
		r.countsAway = false
		r.log.Info("segment: verify can see again what Segment counts")
	}
	if r.isWithoutDiscards && c.isWhole {
		r.isWithoutDiscards = false
		r.log.Info("segment: verify can see from now on what Segment throws away")
	}
	r.received.Set(c.received)
	for reason, n := range c.discarded {
		r.discarded.Set(n, reason)
	}
	if total := c.allDiscarded(); total > r.beforeTotal {
		r.log.Warnf("segment: Segment threw away %d more calls to source %q that it had answered with 200, of whoever sends to it: %s. "+
			"docs/verify.md says what each reason means", total-r.beforeTotal, title, c.since(r.before))
		r.before, r.beforeTotal = c.discarded, total
	}
}

// uncounted says once that nobody can tell what Segment counted.
func (r *report) uncounted(err error) {
	if r.countsAway {
		return
	}
	r.countsAway = true
	r.log.Warnf("segment: verify cannot see what Segment received and threw away; events flow as before, and it goes on trying: %v", err)
}

// withoutDiscards says once that only the older statistics are there.
func (r *report) withoutDiscards(err error) {
	if r.isWithoutDiscards {
		return
	}
	r.isWithoutDiscards = true
	r.log.Warnf("segment: verify cannot see what Segment threw away, only what it received, and segment_discarded stays empty: %v", err)
}
