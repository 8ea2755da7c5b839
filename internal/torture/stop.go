package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"sync"
	"syscall"
	"time"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
)

// A plight is what a process is in the middle of when it is asked to stop.
type plight struct {
	name string
	// late says which calls may come late: a refused one does.
	late func(acceptance) bool
	// arrange prepares the stand-in, and returns a function that waits until
	// the process is in the plight and one that lets it go on once SIGTERM is
	// sent.
	arrange func(seg *segment, rng *rand.Rand) (reached func(context.Context) error, release func(), err error)
}

// plights are those of a process that has something to lose.
var plights = []plight{
	{"idle", nobody, arrangeIdle},
	{"mid-batch", nobody, arrangeMidBatch},
	{"in a Retry-After of 300 s", nobody, arrangeAnswers(faults.Fault{Status: http.StatusTooManyRequests, RetryAfter: "300"})},
	{"in backoff", nobody, arrangeAnswers(faults.Fault{Status: http.StatusServiceUnavailable})},
	{"while bisecting", isRefused, arrangeBisecting},
}

func nothing() {}

// arrangeIdle lets everything through first.
func arrangeIdle(seg *segment, _ *rand.Rand) (func(context.Context) error, func(), error) {
	return func(ctx context.Context) error { return seg.await(ctx, stopCalls) }, nothing, nil
}

// arrangeMidBatch holds a request back until the process knows that it is to
// stop.
func arrangeMidBatch(seg *segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
	reached, release := seg.hold(1+rng.IntN(8), rng.IntN(2) == 0)
	return reached, release, nil
}

// arrangeAnswers has every request answered alike, after a few good ones.
func arrangeAnswers(f faults.Fault) func(*segment, *rand.Rand) (func(context.Context) error, func(), error) {
	return func(seg *segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
		after, injected := rng.IntN(6), make(chan error, 1)
		inject := sync.OnceFunc(func() {
			_, err := seg.Faults.Add(f)
			injected <- err
		})
		if after == 0 {
			inject()
		}
		seg.watched(func(_, request int, answered bool) {
			if request >= after && !answered {
				inject()
			}
		})
		return func(ctx context.Context) error {
			select {
			case err := <-injected:
				return errors.Join(err, seg.until(ctx, seg.struck))
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nothing, nil
	}
}

// refusedStep is the step of everyone's life that the stand-in refuses while
// the first process runs.
const refusedStep = 7

func isRefused(a acceptance) bool { return a.Seq == refusedStep }

// arrangeBisecting refuses one step of everyone, and holds a request back once
// the search for the guilty ones is on.
func arrangeBisecting(seg *segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
	_, err := seg.Faults.Add(faults.Fault{
		Status: http.StatusBadRequest, Match: inbox.Match{Text: fmt.Sprintf(`"seq":%d}`, refusedStep)},
	})
	if err != nil {
		return nil, nil, err
	}
	refused, release := seg.hold(12+rng.IntN(20), rng.IntN(2) == 0)
	return func(ctx context.Context) error {
		return errors.Join(refused(ctx), seg.until(ctx, seg.struck))
	}, release, nil
}

// hold keeps one request waiting, before or after its calls are accepted. It
// returns a function that waits for it and one that lets it go on.
func (s *segment) hold(nth int, answered bool) (reached func(context.Context) error, release func()) {
	come, gone := make(chan struct{}), make(chan struct{})
	arrive := sync.OnceFunc(func() { close(come) })
	s.watched(func(_, request int, isAnswered bool) {
		if request == nth && isAnswered == answered {
			arrive()
			<-gone
		}
	})
	return func(ctx context.Context) error {
		select {
		case <-come:
			return nil
		case <-ctx.Done():
			return fmt.Errorf("waiting for request %d: %w", nth, ctx.Err())
		}
	}, sync.OnceFunc(func() { close(gone) })
}

// recover ends all faults, and whoever watches looks away.
func (s *segment) recover() {
	s.Faults.Clear()
	s.watched(nil)
}

// struck says whether a fault has done something.
func (s *segment) struck() bool {
	for _, f := range s.Faults.States() {
		if f.Hits > 0 {
			return true
		}
	}
	return false
}

const (
	stopCalls = 2000
	// stopPeople is such that everyone gets to the step that is refused.
	stopPeople = 100
	// stopWithin is the shutdown_timeout of the process. Three quarters of it
	// are for what is on its way. When it is over, the engine exits with 1.
	stopWithin = "4s"
)

// stops is one round: a process is asked to stop in the middle of something,
// and another one goes on.
type stops struct {
	product  binary
	feed     feed
	crowd    *crowd
	plight   plight
	patience time.Duration
}

func (s stops) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.patience)
	defer cancel()
	seg := newSegment(rng.Uint64(), stride)
	if err := seg.serve(0); err != nil {
		return t, err
	}
	defer seg.close()
	reached, release, err := s.plight.arrange(seg, rng)
	if err != nil {
		return t, err
	}
	// Before the server closes, which waits for nobody to be held.
	defer release()
	events := s.crowd.events(stopCalls)
	if err := s.feed.put(ctx, events); err != nil {
		return t, err
	}
	fresh := map[int]int{}
	err = s.ordeal(ctx, seg, reached, release, fresh, &t)
	excused := excuse(s.feed, events, fresh)
	late := func(a acceptance) bool { return s.plight.late(a) || excused(a) }
	t.judgement = conclude(ctx, s.feed, events, seg.accepted(), late, err)
	return t, errors.Join(err, t.fault())
}

// ordeal has one process stop in the plight and another one finish.
func (s stops) ordeal(
	ctx context.Context, seg *segment, reached func(context.Context) error, release func(), fresh map[int]int, t *tally,
) error {
	first, err := s.start(seg, 1)
	if err != nil {
		return err
	}
	defer first.kill()
	if err := errors.Join(first.await(ctx), reached(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, first.said)
	}
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("sending SIGTERM: %w", err)
	}
	release()
	err = first.ended(ctx)
	t.leaked = first.said.leaks()
	if err != nil {
		return fmt.Errorf("stopping %s: %w", s.plight.name, err)
	}
	if err := seg.quiet(ctx); err != nil {
		return err
	}
	if _, err := allAccepted(ctx, s.feed, seg); err != nil {
		return fmt.Errorf("stopping %s: %w", s.plight.name, err)
	}
	seg.recover()
	if fresh[2], err = s.feed.given(ctx, 0); err != nil {
		return err
	}
	second, err := s.start(seg, 2)
	if err != nil {
		return err
	}
	err = crashes{feed: s.feed, calls: stopCalls}.finish(ctx, second, seg)
	t.leaked += second.said.leaks()
	return err
}

func (s stops) start(seg *segment, n int) (*process, error) {
	env := s.feed.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(n)
	env["SHUTDOWN_TIMEOUT"] = stopWithin
	env["NATS_MAX_PENDING"] = strconv.Itoa(stopCalls)
	return s.product.run(s.feed.pipeline(), env)
}

// reloads is one round: the file of a pipeline is changed while the calls are
// held, so that the engine replaces the stream. It gives the old one 30 seconds
// to end, of which three quarters are for what is on its way.
type reloads struct {
	product  binary
	feed     feed
	crowd    *crowd
	folder   string
	patience time.Duration
}

// replacing is what the engine says when it has read a changed file.
var replacing = regexp.MustCompile("Main config updated, attempting to update pipeline")

func (r reloads) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	seg := newSegment(rng.Uint64(), stride)
	if err := seg.serve(0); err != nil {
		return t, err
	}
	defer seg.close()
	reached, _, err := arrangeAnswers(faults.Fault{Status: http.StatusServiceUnavailable})(seg, rng)
	if err != nil {
		return t, err
	}
	events := r.crowd.events(stopCalls)
	if err := r.feed.put(ctx, events); err != nil {
		return t, err
	}
	err = r.ordeal(ctx, seg, reached, &t)
	late := nobody
	if !r.feed.keepsOrder() {
		// What the old stream was given comes again when the new one is at work.
		late = anybody
	}
	t.judgement = conclude(ctx, r.feed, events, seg.accepted(), late, err)
	return t, errors.Join(err, t.fault())
}

// ordeal has a process replace its stream while Segment is away, and then
// finish.
func (r reloads) ordeal(ctx context.Context, seg *segment, reached func(context.Context) error, t *tally) error {
	pipeline, err := r.copied()
	if err != nil {
		return err
	}
	env := r.feed.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(1)
	env["NATS_MAX_PENDING"] = strconv.Itoa(stopCalls)
	p, err := r.product.runUntil(connected, pipeline, env, "--watcher")
	if err != nil {
		return err
	}
	defer func() {
		p.kill()
		t.leaked += p.said.leaks()
	}()
	if err := errors.Join(p.await(ctx), reached(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := r.change(ctx, p, pipeline); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := seg.quiet(ctx); err != nil {
		return err
	}
	if _, err := allAccepted(ctx, r.feed, seg); err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	seg.recover()
	return finishAlone(ctx, p, r.feed, seg.await, stopCalls)
}

// copied writes a copy of the pipeline that may be changed.
func (r reloads) copied() (string, error) {
	text, err := os.ReadFile(r.feed.pipeline())
	if err != nil {
		return "", fmt.Errorf("reading the pipeline: %w", err)
	}
	path := filepath.Join(r.folder, "pipeline.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("copying the pipeline: %w", err)
	}
	return path, nil
}

// change changes the file and waits until the new stream is connected.
func (r reloads) change(ctx context.Context, p *process, pipeline string) error {
	file, err := os.OpenFile(pipeline, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	defer file.Close()
	p.said.expect(replacing)
	if _, err := file.WriteString("\n# changed\n"); err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.awaitNext(ctx, connected)
}
