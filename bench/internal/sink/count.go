package sink

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"
)

// marker stands before the message id of a call. The corpus has it nowhere
// else, and every sender keeps the ids that it is given.
var marker = []byte(`"messageId":"`)

// idLength is that of the ids of the corpus. The last twelve digits of one are
// the index of its event.
const (
	idLength    = 36
	indexLength = 12
)

// count reads the bodies. What an SDK calls its own request by has a message id
// too, a random one: its index is out of all bounds, and it is left out.
func count(requests []*request, first time.Time) (Report, error) {
	slices.SortFunc(requests, func(a, b *request) int { return a.at.Compare(b.at) })
	report := Report{Requests: len(requests)}
	seen := map[uint64]struct{}{}
	counts := make([]int, len(requests))
	for i, request := range requests {
		text, err := request.text()
		if err != nil {
			return report, err
		}
		for _, index := range indexes(text) {
			if _, isAgain := seen[index]; isAgain {
				report.Duplicates++
				continue
			}
			seen[index] = struct{}{}
			counts[i]++
		}
	}
	report.Events = len(seen)
	if len(requests) > 0 {
		report.Took = requests[len(requests)-1].at.Sub(first)
	}
	report.EventsPerSecond = rate(requests, counts, report.Events, first)
	return report, nil
}

// rate leaves the tail out.
func rate(requests []*request, counts []int, events int, first time.Time) float64 {
	sum := 0
	for i, request := range requests {
		sum += counts[i]
		took := request.at.Sub(first).Seconds()
		if sum*100 >= events*95 && took > 0 {
			return float64(sum) / took
		}
	}
	return 0
}

func (r request) text() ([]byte, error) {
	if !r.isGzip {
		return r.body, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	text, err := io.ReadAll(reader)
	if err != nil {
		return nil, fmt.Errorf("reading gzip: %w", err)
	}
	return text, nil
}

// indexes returns which events a body holds.
func indexes(text []byte) []uint64 {
	const mostEvents = 1 << 32
	var found []uint64
	for {
		at := bytes.Index(text, marker)
		if at < 0 {
			return found
		}
		text = text[at+len(marker):]
		if len(text) < idLength {
			return found
		}
		index, err := strconv.ParseUint(string(text[idLength-indexLength:idLength]), 16, 64)
		if err == nil && index < mostEvents {
			found = append(found, index)
		}
	}
}
