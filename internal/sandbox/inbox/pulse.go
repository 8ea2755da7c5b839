package inbox

import (
	"slices"
	"time"
)

// pulseSeconds is how far a pulse goes back.
const pulseSeconds = 60

// beat is what arrived within one second.
type beat struct {
	second int64

	requests, calls, duplicates, ok, refused, failed, cut int
	bytes                                                 int64
}

// pulse keeps the beats of the last minute.
type pulse struct {
	beats [pulseSeconds]beat
	// arrivals are the times of the last requests, for the gaps between them;
	// next is the place of the oldest.
	arrivals [1000]time.Time
	next     int
}

func (p *pulse) add(req *Request, calls int) {
	second := req.ReceivedAt.Unix()
	b := &p.beats[second%pulseSeconds]
	if b.second != second {
		*b = beat{second: second}
	}
	b.requests++
	b.calls += calls
	b.duplicates += req.Duplicates
	b.bytes += req.Bytes
	switch req.Status / 100 {
	case 0:
		b.cut++
	case 1, 2, 3:
		b.ok++
	case 4:
		b.refused++
	default:
		b.failed++
	}
	p.arrivals[p.next] = req.ReceivedAt
	p.next = (p.next + 1) % len(p.arrivals)
}

// Pulse is the last minute second by second, the oldest first.
type Pulse struct {
	Requests   [pulseSeconds]int   `json:"requests"`
	Calls      [pulseSeconds]int   `json:"calls"`
	Duplicates [pulseSeconds]int   `json:"duplicates"`
	OK         [pulseSeconds]int   `json:"ok"`
	Refused    [pulseSeconds]int   `json:"4xx"`
	Failed     [pulseSeconds]int   `json:"5xx"`
	Cut        [pulseSeconds]int   `json:"cut"`
	Bytes      [pulseSeconds]int64 `json:"bytes"`
	// GapP50 and GapP99 are percentiles of the milliseconds between one request
	// and the next.
	GapP50 float64 `json:"gap_p50_ms"`
	GapP99 float64 `json:"gap_p99_ms"`
}

// last returns the minute that ends with now.
func (p *pulse) last(now time.Time) Pulse {
	var out Pulse
	first := now.Unix() - pulseSeconds + 1
	for i := range pulseSeconds {
		second := first + int64(i)
		b := p.beats[second%pulseSeconds]
		if b.second != second {
			continue
		}
		out.Requests[i], out.Calls[i], out.Duplicates[i] = b.requests, b.calls, b.duplicates
		out.OK[i], out.Refused[i], out.Failed[i], out.Cut[i] = b.ok, b.refused, b.failed, b.cut
		out.Bytes[i] = b.bytes
	}
	out.GapP50, out.GapP99 = p.gaps(now.Add(-pulseSeconds * time.Second))
	return out
}

func (p *pulse) gaps(since time.Time) (p50, p99 float64) {
	var gaps []time.Duration
	var before time.Time
	for i := range p.arrivals {
		at := p.arrivals[(p.next+i)%len(p.arrivals)]
		if at.Before(since) {
			continue
		}
		if !before.IsZero() {
			// A delayed request is recorded after others that came later.
			gaps = append(gaps, max(at.Sub(before), 0))
		}
		before = at
	}
	if len(gaps) == 0 {
		return 0, 0
	}
	slices.Sort(gaps)
	milliseconds := func(share float64) float64 {
		gap := gaps[int(share*float64(len(gaps)-1))]
		return float64(gap.Round(time.Microsecond)) / float64(time.Millisecond)
	}
	return milliseconds(0.5), milliseconds(0.99)
}
