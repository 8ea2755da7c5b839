package sink

import (
	"bytes"
	"fmt"
	"maps"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"
)

// batch is a request with the events of these indexes, and an id of its own as
// some SDKs have.
func batch(at time.Time, indexes ...int) *request {
	text := `{"messageId":"5a0b6f0e-3c5d-4f0a-9a53-ffffffffffff","batch":[`
	for _, index := range indexes {
		text += fmt.Sprintf(`{"type":"track","messageId":"00000000-0000-4000-a000-%012x"},`, index)
	}
	return &request{body: []byte(text), at: at}
}

func zipped(r *request) *request {
	var body bytes.Buffer
	writer := gzip.NewWriter(&body)
	_, _ = writer.Write(r.body)
	_ = writer.Close()
	return &request{body: body.Bytes(), isGzip: true, at: r.at}
}

func TestEachEventCountsOnce(t *testing.T) {
	first := time.Unix(100, 0)
	report, err := count([]*request{
		batch(first.Add(time.Second), 0, 1, 2),
		zipped(batch(first.Add(2*time.Second), 2, 3)),
	}, first)
	if err != nil {
		t.Fatal(err)
	}
	if report.Requests != 2 || report.Events != 4 || report.Duplicates != 1 {
		t.Errorf("the report is %+v", report)
	}
}

func TestTheTailIsNoPartOfTheRate(t *testing.T) {
	first := time.Unix(100, 0)
	requests := []*request{batch(first.Add(time.Minute), 99)}
	for index := range 99 {
		requests = append(requests, batch(first.Add(time.Duration(index+1)*10*time.Millisecond), index))
	}
	report, err := count(requests, first)
	if err != nil {
		t.Fatal(err)
	}
	if report.EventsPerSecond != 100 {
		t.Errorf("the rate is %v", report.EventsPerSecond)
	}
}

func TestAnEventIsAnsweredWithItsFirstRequest(t *testing.T) {
	at := time.Unix(100, 0)
	late, early := batch(at, 2, 3), zipped(batch(at, 1, 2))
	late.answered, early.answered = at.Add(2*time.Second), at.Add(time.Second)
	answers, err := answersTo([]*request{late, early, batch(at, 4)})
	if err != nil {
		t.Fatal(err)
	}
	want := Answers{1: early.answered.UnixNano(), 2: early.answered.UnixNano(), 3: late.answered.UnixNano()}
	if !maps.Equal(answers, want) {
		t.Errorf("the answers are %v, not %v", answers, want)
	}
}
