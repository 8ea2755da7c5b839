package ordeal

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
type Plight struct {
	Name string
	// late says which calls may come late: a refused one does.
	late func(Acceptance) bool
	// arrange prepares the stand-in, and returns a function that waits until
	// the process is in the plight and one that lets it go on once SIGTERM is
	// sent.
	arrange func(seg *Segment, rng *rand.Rand) (reached func(context.Context) error, release func(), err error)
}

// Plights are those of a process that has something to lose.
var Plights = []Plight{
	{"idle", Nobody, arrangeIdle},
	{"mid-batch", Nobody, arrangeMidBatch},
	{"in a Retry-After of 300 s", Nobody, arrangeAnswers(faults.Fault{Status: http.StatusTooManyRequests, RetryAfter: "300"})},
	{"in backoff", Nobody, arrangeAnswers(faults.Fault{Status: http.StatusServiceUnavailable})},
	{"while bisecting", isRefused, arrangeBisecting},
}

func nothing() {}

// arrangeIdle lets everything through first.
func arrangeIdle(seg *Segment, _ *rand.Rand) (func(context.Context) error, func(), error) {
	return func(ctx context.Context) error { return seg.Await(ctx, StopCalls) }, nothing, nil
}

// arrangeMidBatch holds a request back until the process knows that it is to
// stop.
func arrangeMidBatch(seg *Segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
	reached, release := seg.Hold(1+rng.IntN(8), rng.IntN(2) == 0)
	return reached, release, nil
}

// arrangeAnswers has every request answered alike, after a few good ones.
func arrangeAnswers(f faults.Fault) func(*Segment, *rand.Rand) (func(context.Context) error, func(), error) {
	return func(seg *Segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
		after, injected := rng.IntN(6), make(chan error, 1)
		inject := sync.OnceFunc(func() {
			_, err := seg.Faults.Add(f)
			injected <- err
		})
		if after == 0 {
			inject()
		}
		seg.Watched(func(_, request int, answered bool) {
			if request >= after && !answered {
				inject()
			}
		})
		return func(ctx context.Context) error {
			select {
			case err := <-injected:
				return errors.Join(err, seg.Until(ctx, seg.Struck))
			case <-ctx.Done():
				return ctx.Err()
			}
		}, nothing, nil
	}
}

// refusedStep is the step of everyone's life that the stand-in refuses while
// the first process runs.
const refusedStep = 7

func isRefused(a Acceptance) bool { return a.Seq == refusedStep }

// arrangeBisecting refuses one step of everyone, and holds a request back once
// the search for the guilty ones is on.
func arrangeBisecting(seg *Segment, rng *rand.Rand) (func(context.Context) error, func(), error) {
	_, err := seg.Faults.Add(faults.Fault{
		Status: http.StatusBadRequest, Match: inbox.Match{Text: fmt.Sprintf(`"seq":%d}`, refusedStep)},
	})
	if err != nil {
		return nil, nil, err
	}
	refused, release := seg.Hold(12+rng.IntN(20), rng.IntN(2) == 0)
	return func(ctx context.Context) error {
		return errors.Join(refused(ctx), seg.Until(ctx, seg.Struck))
	}, release, nil
}

// Hold keeps one request waiting, before or after its calls are accepted. It
// returns a function that waits for it and one that lets it go on.
func (s *Segment) Hold(nth int, answered bool) (reached func(context.Context) error, release func()) {
	come, gone := make(chan struct{}), make(chan struct{})
	arrive := sync.OnceFunc(func() { close(come) })
	s.Watched(func(_, request int, isAnswered bool) {
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

// Recover ends all faults, and whoever watches looks away.
func (s *Segment) Recover() {
	s.Faults.Clear()
	s.Watched(nil)
}

// Struck says whether a fault has done something.
func (s *Segment) Struck() bool {
	for _, f := range s.Faults.States() {
		if f.Hits > 0 {
			return true
		}
	}
	return false
}

const (
	// StopCalls is how many calls a round of stops has.
	StopCalls = 2000
	// StopPeople is such that everyone gets to the step that is refused.
	StopPeople = 100
	// StopWithin is the shutdown_timeout of the process. Three quarters of it
	// are for what is on its way. When it is over, the engine exits with 1.
	StopWithin = "4s"
)

// Stops is one round: a process is asked to stop in the middle of something,
// and another one goes on.
type Stops struct {
	Product  Binary
	Feed     Feed
	Crowd    *Crowd
	Plight   Plight
	Patience time.Duration
}

// Run plays the round.
func (s Stops) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.Patience)
	defer cancel()
	seg := NewSegment(rng.Uint64(), Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	reached, release, err := s.Plight.arrange(seg, rng)
	if err != nil {
		return t, err
	}
	// Before the server closes, which waits for nobody to be held.
	defer release()
	events := s.Crowd.Events(StopCalls)
	if err := s.Feed.Put(ctx, events); err != nil {
		return t, err
	}
	fresh := map[int]int{}
	err = s.ordeal(ctx, seg, reached, release, fresh, &t)
	excused := excuse(s.Feed, events, fresh)
	late := func(a Acceptance) bool { return s.Plight.late(a) || excused(a) }
	t.Judgement = Conclude(ctx, s.Feed, events, seg.Accepted(), late, err)
	return t, errors.Join(err, t.Fault())
}

// ordeal has one process stop in the plight and another one finish.
func (s Stops) ordeal(
	ctx context.Context, seg *Segment, reached func(context.Context) error, release func(), fresh map[int]int, t *Tally,
) error {
	first, err := s.Start(seg, 1)
	if err != nil {
		return err
	}
	defer first.Kill()
	if err := errors.Join(first.Await(ctx), reached(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, first.Said)
	}
	if err := first.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("sending SIGTERM: %w", err)
	}
	release()
	err = first.Ended(ctx)
	t.Leaked = first.Said.Leaks()
	if err != nil {
		return fmt.Errorf("stopping %s: %w", s.Plight.Name, err)
	}
	if err := seg.Quiet(ctx); err != nil {
		return err
	}
	if _, err := AllAccepted(ctx, s.Feed, seg); err != nil {
		return fmt.Errorf("stopping %s: %w", s.Plight.Name, err)
	}
	seg.Recover()
	if fresh[2], err = s.Feed.Given(ctx, 0); err != nil {
		return err
	}
	second, err := s.Start(seg, 2)
	if err != nil {
		return err
	}
	err = Crashes{Feed: s.Feed, Calls: StopCalls}.finish(ctx, second, seg)
	t.Leaked += second.Said.Leaks()
	return err
}

func (s Stops) Start(seg *Segment, n int) (*Process, error) {
	env := s.Feed.Env()
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = seg.Endpoint(n)
	env["SHUTDOWN_TIMEOUT"] = StopWithin
	env["NATS_MAX_PENDING"] = strconv.Itoa(StopCalls)
	return s.Product.Run(s.Feed.Pipeline(), env)
}

// Reloads is one round: the file of a pipeline is changed while the calls are
// held, so that the engine replaces the stream. It gives the old one 30 seconds
// to end, of which three quarters are for what is on its way.
type Reloads struct {
	Product  Binary
	Feed     Feed
	Crowd    *Crowd
	Folder   string
	Patience time.Duration
}

// replacing is what the engine says when it has read a changed file.
var replacing = regexp.MustCompile("Main config updated, attempting to update pipeline")

// Run plays the round.
func (r Reloads) Run(ctx context.Context, rng *rand.Rand) (t Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.Patience)
	defer cancel()
	seg := NewSegment(rng.Uint64(), Stride)
	if err := seg.Serve(0); err != nil {
		return t, err
	}
	defer seg.Close()
	reached, _, err := arrangeAnswers(faults.Fault{Status: http.StatusServiceUnavailable})(seg, rng)
	if err != nil {
		return t, err
	}
	events := r.Crowd.Events(StopCalls)
	if err := r.Feed.Put(ctx, events); err != nil {
		return t, err
	}
	err = r.ordeal(ctx, seg, reached, &t)
	late := Nobody
	if !r.Feed.KeepsOrder() {
		// What the old stream was given comes again when the new one is at work.
		late = Anybody
	}
	t.Judgement = Conclude(ctx, r.Feed, events, seg.Accepted(), late, err)
	return t, errors.Join(err, t.Fault())
}

// ordeal has a process replace its stream while Segment is away, and then
// finish.
func (r Reloads) ordeal(ctx context.Context, seg *Segment, reached func(context.Context) error, t *Tally) error {
	pipeline, err := r.copied()
	if err != nil {
		return err
	}
	env := r.Feed.Env()
	env["SEGMENT_WRITE_KEY"] = WriteKey
	env["SEGMENT_ENDPOINT"] = seg.Endpoint(1)
	env["NATS_MAX_PENDING"] = strconv.Itoa(StopCalls)
	p, err := r.Product.RunUntil(Connected, pipeline, env, "--watcher")
	if err != nil {
		return err
	}
	defer func() {
		p.Kill()
		t.Leaked += p.Said.Leaks()
	}()
	if err := errors.Join(p.Await(ctx), reached(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Said)
	}
	if err := r.change(ctx, p, pipeline); err != nil {
		return fmt.Errorf("%w\n%s", err, p.Said)
	}
	if err := seg.Quiet(ctx); err != nil {
		return err
	}
	if _, err := AllAccepted(ctx, r.Feed, seg); err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	seg.Recover()
	return FinishAlone(ctx, p, r.Feed, seg.Await, StopCalls)
}

// copied writes a copy of the pipeline that may be changed.
func (r Reloads) copied() (string, error) {
	text, err := os.ReadFile(r.Feed.Pipeline())
	if err != nil {
		return "", fmt.Errorf("reading the pipeline: %w", err)
	}
	path := filepath.Join(r.Folder, "pipeline.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("copying the pipeline: %w", err)
	}
	return path, nil
}

// change changes the file and waits until the new stream is connected.
func (r Reloads) change(ctx context.Context, p *Process, pipeline string) error {
	file, err := os.OpenFile(pipeline, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	defer file.Close()
	p.Said.Expect(replacing)
	if _, err := file.WriteString("\n# changed\n"); err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	if err := p.Await(ctx); err != nil {
		return err
	}
	return p.AwaitNext(ctx, Connected)
}
