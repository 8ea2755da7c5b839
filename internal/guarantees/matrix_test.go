package guarantees_test

import (
	"testing"
	"time"

	"benthos-segment/internal/sandbox"
)

type row struct {
	number, fault, expected string
	prove                   func(*testing.T)
	proven                  string
}

var matrix = []row{
	{"1", "none", "accepted", inAStream(trial{calls: 10_000}), ""},
	{"8", "429 with Retry-After: 2 for ten requests", "silence", onAFakeClock(trial{
		fail: func(sb *sandbox.TestServer) { sb.Fail(429).RetryAfter("2").Times(10) }, atMost: 32, silence: 2 * time.Second,
	}), ""},
	{"17", "resets", "", inAStream(trial{network: []conduct{resetAtOnce, resetInRequest, resetInAnswer(5), resetInAnswer(40)}, unseen: true, duplicates: true, atMost: 40}), ""},
}

func TestFaultMatrix(t *testing.T) {
	for _, row := range matrix {
		t.Run(row.number+" "+row.fault, row.prove)
	}
}
