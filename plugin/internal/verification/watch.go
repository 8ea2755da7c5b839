package verification

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/publicapi"
)

const (
	// firstAnswer is how long calls wait for the first answer, if they do.
	firstAnswer = 10 * time.Second
	// whileWrong is how often it is asked whether what was wrong has been fixed.
	whileWrong = 30 * time.Second
	// firstPause is how long it takes until an API that failed is asked again; the
	// pauses grow up to the interval.
	firstPause = 2 * time.Second
	// lastWord is how long calls wait because of what the API has said, if it can
	// no longer be asked.
	lastWord = 10 * time.Minute
	// lastLook is how long a stop waits for what is said first, so that a short
	// run says it as well.
	lastLook = 3 * time.Second
	// discardsAgain is how often discards are asked for where they were refused:
	// the plan of the workspace or the roles of the token may change.
	discardsAgain = time.Hour
)

// watch looks after one output, and all copies of it.
type watch struct {
	conf      Config
	directory *directory
	report    *report
	tally     *tally
	// failures counts how often in a row the API could not be asked.
	failures int
	// judged is when it was last known what becomes of the calls.
	judged time.Time
	// refused is when it was last not told what was thrown away.
	refused time.Time
	// spoke says that the log has what was found first.
	spoke func()

	// life is held while the goroutine that has the fields above starts or ends.
	life sync.Mutex
	// copies counts those that are there. The last one that leaves ends the rest.
	copies int
	stop   func()

	mu sync.Mutex
	// open is closed while calls may pass.
	open   chan struct{}
	isShut bool
	// answered ends when there is a first answer, or it takes too long.
	answered context.Context
	answer   func()
}

// watchKey tells watches apart: by where their metrics are, as copies of an output
// have the same, and by what they do.
type watchKey struct {
	stream, label, path string
	conf                [sha256.Size]byte
}

// watchOf returns the watch that an output shares with its copies.
func watchOf(conf Config, res *service.Resources) (*watch, error) {
	directory, err := directoryOf(conf, res)
	if err != nil {
		return nil, err
	}
	own := fmt.Sprintf("%q", []any{string(conf.Token), conf.WriteKey, conf.BaseURL, conf.Region, conf.Interval.String(), fmt.Sprint(conf.Required)})
	key := watchKey{res.StreamID(), res.Label(), strings.Join(res.Path(), "."), sha256.Sum256([]byte(own))}
	shared, _ := res.GetOrSetGeneric(key, &watch{conf: conf, directory: directory, report: newReport(res)})
	return shared.(*watch), nil
}

// join starts asking, unless another copy has.
func (w *watch) join() {
	w.life.Lock()
	defer w.life.Unlock()
	if w.copies++; w.copies > 1 {
		return
	}
	w.tally, w.failures, w.isShut = newTally(time.Now()), 0, false
	w.open = make(chan struct{})
	close(w.open)
	w.answered, w.answer = context.WithTimeout(context.Background(), firstAnswer)
	ctx, cancel := context.WithCancel(context.Background())
	said := make(chan struct{})
	w.spoke = sync.OnceFunc(func() { close(said) })
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.run(ctx)
	}()
	w.stop = func() {
		timer := time.NewTimer(lastLook)
		defer timer.Stop()
		select {
		case <-said:
		case <-timer.C:
		}
		cancel()
		w.answer()
		<-done
		w.directory.lookup.Close()
	}
}

// leave ends the watch when nobody needs it any more.
func (w *watch) leave() {
	w.life.Lock()
	defer w.life.Unlock()
	if w.copies--; w.copies == 0 {
		w.stop()
	}
}

// run asks until nobody needs to know any more.
func (w *watch) run(ctx context.Context) {
	for ctx.Err() == nil {
		timer := time.NewTimer(w.look(ctx))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

// look asks once, and returns when to ask again.
func (w *watch) look(ctx context.Context) time.Duration {
	found, err := w.directory.list(ctx)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		return w.away(err)
	}
	v := judge(w.conf, found)
	w.failures, w.judged = 0, time.Now()
	w.gate(v.wrong != "")
	w.report.found(v, w.conf.Required, w.judged)
	w.spoke()
	if v.wrong != "" {
		return min(whileWrong, w.conf.Interval)
	}
	if v.unknown == "" {
		return max(retryIn(w.count(ctx, v)), w.conf.Interval)
	}
	return w.conf.Interval
}

// away is what an API that cannot be asked leads to. It is left alone for as long
// as it says, and longer each time. What it said last counts a little longer.
func (w *watch) away(err error) time.Duration {
	if time.Since(w.judged) > lastWord {
		w.gate(false)
	}
	w.report.away(err)
	w.spoke()
	pause := min(firstPause<<min(w.failures, 16), w.conf.Interval)
	w.failures++
	return max(pause, retryIn(err))
}

// count asks what Segment counted.
func (w *watch) count(ctx context.Context, v verdict) error {
	if time.Since(w.refused) >= discardsAgain {
		w.tally.byVolume = false
	}
	sums, err := w.tally.update(ctx, v.client, v.source.ID, time.Now())
	if kind, isOfAPI := publicapi.KindOf(err); isOfAPI && !w.tally.byVolume && (kind == publicapi.Denied || kind == publicapi.Missing) {
		w.report.withoutDiscards(err)
		w.tally.byVolume, w.refused = true, time.Now()
		sums, err = w.tally.update(ctx, v.client, v.source.ID, time.Now())
	}
	switch {
	case ctx.Err() != nil:
	case err != nil:
		w.report.uncounted(err)
	default:
		w.report.counted(v.source.Title(), sums)
	}
	return err
}

// retryIn is how long an error asks us to wait.
func retryIn(err error) time.Duration {
	if failed, isOfAPI := errors.AsType[*publicapi.Error](err); isOfAPI {
		return failed.RetryIn
	}
	return 0
}

// gate lets calls pass or not, if that is up to what Segment says.
func (w *watch) gate(isWrong bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case isWrong == w.isShut || !w.conf.Required:
	case isWrong:
		w.isShut, w.open = true, make(chan struct{})
	default:
		w.isShut = false
		close(w.open)
	}
	w.answer()
}

// await waits while Segment would throw calls away, if that is required, or until
// the context ends.
func (w *watch) await(ctx context.Context) {
	if !w.conf.Required {
		return
	}
	select {
	case <-w.answered.Done():
	case <-ctx.Done():
		return
	}
	w.mu.Lock()
	open := w.open
	w.mu.Unlock()
	select {
	case <-open:
	case <-ctx.Done():
	}
}

// test says why calls would be thrown away, or why nobody can tell.
func (w *watch) test(ctx context.Context) error {
	found, err := w.directory.list(ctx)
	if err != nil {
		return err
	}
	v := judge(w.conf, found)
	if v.wrong+v.unknown != "" {
		return errors.New(v.wrong + v.unknown)
	}
	return nil
}
