package plugin

import (
	"context"
	"runtime"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/internal/tracking"
	"benthos-segment/plugin/internal/order"
)

const (
	// shareMessages is how many messages are worth a goroutine to convert them.
	shareMessages = 250
	// maxShares bounds the goroutines of one batch. Four convert faster than
	// one core compresses.
	maxShares = 4
	// maxKeptMessages is how many messages or calls a batch may have had whose
	// buffers are kept.
	maxKeptMessages = 20_000
)

// write is one batch on its way: which calls were made of which message, and
// what became of them. It is reused with its buffers.
type write struct {
	output *output
	batch  service.MessageBatch
	// shares convert a part of the batch each, side by side.
	shares []*share

	calls []segment.Call
	// owners says for each call of which message it was made.
	owners []int
	// receipts says when a few of the calls came in.
	receipts []receipt
	// failures holds the first violation of each message that has one.
	failures map[int]*segment.Violation
}

func newWrite(o *output) *write { return &write{output: o} }

func (w *write) reset() {
	for _, s := range w.shares {
		s.reset()
	}
	clear(w.calls)
	*w = write{
		output: w.output, shares: w.shares,
		calls: w.calls[:0], owners: w.owners[:0], receipts: w.receipts[:0],
	}
}

// convert makes calls of all messages.
func (w *write) convert(batch service.MessageBatch) {
	w.batch = batch
	count := w.shareCount()
	for len(w.shares) < count {
		w.shares = append(w.shares, newShare(w.output))
	}
	var converted sync.WaitGroup
	for n, s := range w.shares[:count] {
		from, to := n*len(batch)/count, (n+1)*len(batch)/count
		if n == count-1 {
			s.convert(batch, from, to)
			continue
		}
		converted.Go(func() { s.convert(batch, from, to) })
	}
	converted.Wait()
	for _, s := range w.shares[:count] {
		w.gather(s)
	}
}

// shareCount returns into how many shares the batch is parted. Bloblang can
// look at any message of a batch, and messages are not made to be looked at
// from two sides at once.
func (w *write) shareCount() int {
	if w.output.conf.hasQueries() {
		return 1
	}
	return min(1+(len(w.batch)-1)/shareMessages, runtime.GOMAXPROCS(0), maxShares)
}

// gather takes over what a share has made.
func (w *write) gather(s *share) {
	for _, r := range s.receipts {
		w.receipts = append(w.receipts, receipt{call: len(w.calls) + r.call, at: r.at})
	}
	w.calls = append(w.calls, s.calls...)
	w.owners = append(w.owners, s.owners...)
	for _, f := range s.failed {
		w.fail(f.message, f.why)
		w.output.report.rejected(f.why)
		w.record(f)
	}
	w.output.report.skipped(s.skips)
	w.output.report.noted(s.notes)
	w.output.report.found(s.findings)
}

// record shows an event of which no call was made.
func (w *write) record(f failedMessage) {
	if w.output.report.recorder == nil {
		return
	}
	payload, err := w.batch[f.message].AsBytes()
	if err != nil {
		return // It has no bytes that could be shown.
	}
	// A key that differs from message to message is not looked for again.
	key, _ := w.output.conf.writeKey.Static()
	w.output.report.recorder.Failed(payload, key, f.why)
}

func (w *write) fail(i int, why *segment.Violation) {
	if w.failures == nil {
		w.failures = make(map[int]*segment.Violation)
	}
	if w.failures[i] == nil {
		w.failures[i] = why
	}
}

// settle notes what became of the calls; violations is nil where all is well.
func (w *write) settle(violations []*segment.Violation) {
	var sent sentByType
	for n := range w.calls {
		if violations == nil || violations[n] == nil {
			sent[w.calls[n].Type]++
			continue
		}
		w.fail(w.owners[n], violations[n])
		w.output.report.rejected(violations[n])
		if recorder := w.output.report.recorder; recorder != nil {
			recorder.Failed(w.calls[n].JSON, w.calls[n].WriteKey, violations[n])
		}
	}
	w.output.report.sent(sent)
}

func (w *write) observer() tracking.Observer {
	return &batchObserver{report: w.output.report, room: w.output.room, batch: w.batch, owners: w.owners, calls: w.calls, receipts: w.receipts}
}

// enter has the calls delivered from when it is the turn of the batch. The next
// one has its turn when this one has entered.
func (w *write) enter(ctx context.Context, turn *order.Entrant) *tracking.Delivery {
	defer w.output.report.waiting(len(w.calls))()
	defer turn.Enter(ctx)()
	return w.output.client.Enter(ctx, w.calls, w.observer())
}
