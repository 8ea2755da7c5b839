package runner

import (
	"bytes"
	"testing"
	"time"

	"benthos-segment/bench/internal/sink"
)

func TestPercentilesAreThoseOfTheSortedDelays(t *testing.T) {
	var delays []time.Duration
	for n := range 1000 {
		delays = append(delays, time.Duration(n+1))
	}
	for perMille, want := range map[int]time.Duration{500: 500, 990: 990, 999: 999, 1000: 1000, 1: 1} {
		if got := percentile(delays, perMille); got != want {
			t.Errorf("%d per mille is %d, not %d", perMille, got, want)
		}
	}
	if got := percentile(delays[:1], 999); got != 1 {
		t.Errorf("of one delay it is %d", got)
	}
}

func TestAFlowKeepsItsRate(t *testing.T) {
	flow := Flow{Rate: 1000, Lasts: 50 * time.Millisecond}
	var written bytes.Buffer
	started := time.Now()
	if err := flow.write(&written, bytes.Split(bytes.Repeat([]byte("e\n"), 50), []byte("\n"))[:50], started); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(started); took < flow.born(49) {
		t.Errorf("it took %v", took)
	}
	if lines := bytes.Count(written.Bytes(), []byte("\n")); lines != flow.events() {
		t.Errorf("there are %d lines", lines)
	}
}

// The birth is when an event should have been written.
func TestDelaysAreFromTheBirthToTheAnswer(t *testing.T) {
	flow, started := Flow{Rate: 1, Lasts: 10 * time.Second}, time.Unix(1000, 0)
	answers := sink.Answers{}
	for index := range 10 {
		answers[uint64(index)] = started.Add(flow.born(index) + 3*time.Second).UnixNano()
	}
	answers[0] = started.Add(time.Hour).UnixNano() // The first second does not count.
	p50, p99, p999 := flow.percentiles(answers, started)
	for _, delay := range []time.Duration{p50, p99, p999} {
		if delay != 3*time.Second {
			t.Errorf("the delay is %v", delay)
		}
	}
}

func TestTheLimitCountsTheAnswerOfTheSamePerson(t *testing.T) {
	flow := Flow{Answer: 300 * time.Millisecond}
	if limit := flow.Limit(); limit != 450*time.Millisecond {
		t.Errorf("it is %v", limit)
	}
	flow.EachSecond = true
	if limit := flow.Limit(); limit != 750*time.Millisecond {
		t.Errorf("it is %v", limit)
	}
}
