// Package plugin registers the Benthos batch output segment, which sends
// messages to Segment's HTTP Tracking API. Import it for its side effect:
//
//	import _ "benthos-segment/plugin"
package plugin

import (
	"context"
	"fmt"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/tracking"
	// These register the buffer journal and the input segment.
	_ "benthos-segment/plugin/internal/buffer"
	"benthos-segment/plugin/internal/order"
	"benthos-segment/plugin/internal/outcomes"
	"benthos-segment/plugin/internal/verification"
)

func init() {
	service.MustRegisterBatchOutput("segment", outputSpec(), newOutputFromParsed)
}

func newOutputFromParsed(conf *service.ParsedConfig, res *service.Resources) (
	out service.BatchOutput, policy service.BatchPolicy, maxInFlight int, err error,
) {
	var c outputConfig
	if c, err = outputConfigFromParsed(conf); err != nil {
		return
	}
	if policy, err = batchPolicyFromParsed(conf, c.maxInFlight); err != nil {
		return
	}
	o, err := newOutput(c, res)
	if err != nil {
		return
	}
	defer func() {
		if err != nil {
			// The engine closes no output that it has not got.
			_ = o.Close(context.Background())
		}
	}()
	if o.report.recorder, err = outcomes.Open(conf, version()); err != nil {
		return
	}
	if recorder := o.report.recorder; recorder != nil {
		res.Logger().Infof("segment: what becomes of calls is shown at %s", recorder.URL)
	}
	if c.maxInFlight > 1 {
		policy, o.turnstile = o.inOrder(policy, conf, res)
	}
	if o.turnstile == nil {
		c.maxInFlight = 1
		policy, err = batchPolicyFromParsed(conf, c.maxInFlight)
	}
	return o, policy, c.maxInFlight, err
}

// inOrder returns a policy that numbers its batches, and the turnstile that they
// have to pass; or nil, and the policy as it was, where batches cannot be
// numbered.
func (o *output) inOrder(policy service.BatchPolicy, conf *service.ParsedConfig, res *service.Resources) (service.BatchPolicy, *order.Turnstile) {
	numbering, turnstile, err := order.Numbered(policy, conf, soFieldBatching, res, o.await)
	if err != nil {
		res.Logger().Warnf("segment: one batch is sent at a time, as with %s: 1, because the batches cannot be numbered, "+
			"which keeps them in order: %v", soFieldMaxInFlight, err)
		return policy, nil
	}
	return numbering, turnstile
}

// output sends batches of messages. Up to max_in_flight batches are written
// at a time.
type output struct {
	conf   outputConfig
	client *tracking.Client
	report *report
	// turnstile is nil where one batch is written at a time.
	turnstile *order.Turnstile
	room      *room
	closed    sync.Once
	// verify is nil where nothing is verified.
	verify *verification.Copy
	// writes holds those not in use, with their buffers. A sync.Pool would lose
	// them in every other garbage collection.
	writes chan *write
}

var _ service.BatchOutput = (*output)(nil)

func newOutput(conf outputConfig, res *service.Resources) (*output, error) {
	if conf.rateLimit != "" {
		if !res.HasRateLimit(conf.rateLimit) {
			return nil, fmt.Errorf("field %s: there is no rate_limit resource %q; add one to rate_limit_resources",
				soFieldRateLimit, conf.rateLimit)
		}
		conf.tracking.RateLimit = rateLimit(res, conf.rateLimit)
	}
	conf.tracking.Log = aside{res.Logger()}
	conf.transport.Log = conf.tracking.Log
	conf.tracking.Transport = transportOf(conf.transport, res)
	conf.verify.Transport = transportOf(conf.transport, res)
	verify, err := verification.New(conf.verify, res)
	if err != nil {
		return nil, err
	}
	o := &output{
		verify: verify,
		conf:   conf,
		client: tracking.NewClient(conf.tracking),
		report: newReport(res),
		room:   newRoom(),
		writes: make(chan *write, min(conf.maxInFlight, maxKeptWrites)),
	}
	o.report.backlog.join(o.client)
	return o, nil
}

// Connect waits for a source that takes calls, if that is required. It does not
// wait for a server that is away: that is done while writing, where it keeps the
// order and stops nothing else.
func (o *output) Connect(ctx context.Context) error {
	o.verify.Start()
	o.verify.Await(ctx)
	return ctx.Err()
}

// ConnectionTest says whether the endpoint can be reached, and where Segment's
// Public API may be asked, whether the source takes calls. The endpoint does not
// tell: Segment answers 200 to wrong keys.
func (o *output) ConnectionTest(ctx context.Context) service.ConnectionTestResults {
	if err := o.client.Reach(ctx); err != nil {
		return service.ConnectionTestFailed(fmt.Errorf("reaching the endpoint: %w", err)).AsList()
	}
	if err := o.verify.Test(ctx); err != nil {
		return service.ConnectionTestFailed(fmt.Errorf("verifying the source: %w", err)).AsList()
	}
	return service.ConnectionTestSucceeded().AsList()
}

// WriteBatch makes calls of the messages and delivers them. It fails exactly
// those messages whose calls were not accepted.
func (o *output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	defer o.report.unsent()()
	stay := o.room.take(batch)
	defer stay.leave()
	turn := o.turnstile.Take(batch)
	o.verify.Await(ctx)
	w := o.takeWrite()
	defer o.release(w)

	w.convert(batch)
	stay.grow(w.size())
	w.settle(w.enter(ctx, turn).Wait())
	return w.failure(ctx.Err() != nil)
}

// await waits until there is room for a batch and the client has use for it.
func (o *output) await(ctx context.Context, batch service.MessageBatch) {
	o.room.await(ctx, batch)
	o.client.AwaitDemand(ctx)
}

// maxKeptWrites bounds what is kept for the next batches.
const maxKeptWrites = 16

func (o *output) takeWrite() *write {
	select {
	case w := <-o.writes:
		return w
	default:
		return newWrite(o)
	}
}

func (o *output) release(w *write) {
	if max(len(w.batch), len(w.calls)) > maxKeptMessages {
		return
	}
	w.reset()
	select {
	case o.writes <- w:
	default:
	}
}

// Close ends idle connections, and what shows the outcomes. The engine calls it when nothing is being
// written any more.
func (o *output) Close(context.Context) error {
	o.verify.Stop()
	o.report.backlog.leave(o.client)
	o.client.Close()
	if o.report.recorder != nil {
		o.closed.Do(o.report.recorder.Close)
	}
	return nil
}
