package verification

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"benthos-segment/internal/publicapi"
)

const (
	// settled is how old a minute has to be until its counts no longer change.
	// Segment says that they are there after 30 seconds, and later under load.
	settled = 15 * time.Minute
	// mostAtOnce is how much is asked for at once; the API tells the minutes of
	// four hours.
	mostAtOnce = 3 * time.Hour
	// oldest is how long ago the minutes are that the API still knows.
	oldest = 47 * time.Hour
	// maxReasons bounds the series of the metric.
	maxReasons = 50
)

// tally adds up what Segment counted of a source since the start.
type tally struct {
	// from is where the minutes begin that may still change. Those before are in
	// the counts.
	from      time.Time
	received  int64
	discarded map[string]int64
	// byVolume says that the workspace has the older statistics only, which do not
	// tell what was thrown away.
	byVolume bool
}

// counts are those of a moment.
type counts struct {
	received  int64
	discarded map[string]int64
	// isWhole is false if nobody can tell what was discarded.
	isWhole bool
}

func newTally(now time.Time) *tally {
	return &tally{from: now.UTC().Truncate(time.Minute), discarded: map[string]int64{}}
}

// update asks for what has come since, and returns the sums.
func (t *tally) update(ctx context.Context, client *publicapi.Client, sourceID string, now time.Time) (counts, error) {
	now = now.UTC()
	t.from = later(t.from, now.Add(-oldest).Truncate(time.Minute))
	for {
		end := now.Truncate(time.Second)
		isLast := end.Sub(t.from) <= mostAtOnce
		if !isLast {
			end = t.from.Add(mostAtOnce)
		}
		if !t.from.Before(end) {
			return counts{t.received, t.discarded, !t.byVolume}, nil // It has just started.
		}
		got, err := t.ask(ctx, client, sourceID, publicapi.Span{Start: t.from, End: end})
		if err != nil {
			return counts{}, err
		}
		sums := t.add(got, later(t.from, earlier(end, now.Add(-settled).Truncate(time.Minute))))
		if isLast {
			return sums, nil
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// answers are what the API said about one span.
type answers struct{ received, discarded []publicapi.Row }

func (t *tally) ask(ctx context.Context, client *publicapi.Client, sourceID string, span publicapi.Span) (got answers, err error) {
	if t.byVolume {
		got.received, err = client.Volume(ctx, sourceID, span)
		return got, err
	}
	query := publicapi.Query{SourceID: sourceID, Span: span}
	if got.received, err = client.Delivery(ctx, publicapi.SuccessfullyReceived, query); err != nil {
		return got, err
	}
	query.GroupBy = []publicapi.Dimension{publicapi.DiscardReason}
	for _, step := range []publicapi.Step{publicapi.FailedOnIngest, publicapi.FilteredAtSource} {
		rows, err := client.Delivery(ctx, step, query)
		if err != nil {
			return got, err
		}
		got.discarded = append(got.discarded, rows...)
	}
	return got, nil
}

// add takes the minutes before a time into the sums for good, and returns the sums
// of all.
func (t *tally) add(got answers, until time.Time) counts {
	sums := counts{received: t.received, discarded: maps.Clone(t.discarded), isWhole: !t.byVolume}
	for _, row := range got.received {
		for _, bucket := range row.Series {
			sums.received += int64(bucket.Count)
			if bucket.Time.Before(until) {
				t.received += int64(bucket.Count)
			}
		}
	}
	for _, row := range got.discarded {
		reason := reasonName(row.DiscardReason, sums.discarded)
		for _, bucket := range row.Series {
			sums.discarded[reason] += int64(bucket.Count)
			if bucket.Time.Before(until) {
				t.discarded[reason] += int64(bucket.Count)
			}
		}
	}
	t.from = until
	return sums
}

// reasonName is the name of a reason in metrics. Segment writes some in capitals.
func reasonName(code string, known map[string]int64) string {
	name := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		case r >= 'A' && r <= 'Z':
			return r - 'A' + 'a'
		default:
			return '_'
		}
	}, code)
	if _, isKnown := known[name]; name == "" || len(name) > 64 || !isKnown && len(known) >= maxReasons {
		return "other"
	}
	return name
}

func (c counts) allDiscarded() (n int64) {
	for _, count := range c.discarded {
		n += count
	}
	return n
}

// since lists the reasons that have grown since other counts, the largest first.
func (c counts) since(before map[string]int64) string {
	grown := map[string]int64{}
	for reason, count := range c.discarded {
		if more := count - before[reason]; more > 0 {
			grown[reason] = more
		}
	}
	var parts []string
	for _, reason := range slices.SortedFunc(maps.Keys(grown), func(a, b string) int {
		if grown[a] != grown[b] {
			return int(grown[b] - grown[a])
		}
		return strings.Compare(a, b)
	}) {
		parts = append(parts, fmt.Sprintf("%s %d", reason, grown[reason]))
	}
	return strings.Join(parts, ", ")
}
