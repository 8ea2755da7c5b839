// Package passage has the product deliver a file of events while things happen
// on the way to Segment, and counts what arrived and for how long nothing did.
package passage

import (
	"context"
	"crypto/tls"
	_ "embed"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/metrics"
	"benthos-segment/internal/torture/ordeal"
)

// A Way leads from the product to the stand-in of Segment.
type Way struct {
	// Listen makes what the stand-in takes requests from, again after it was
	// closed.
	Listen func() (net.Listener, error)
	// Secure has it speak TLS and HTTP/2.
	Secure bool
	// Host is where the product sends to, with the port.
	Host string
	// Command says how a program is run at the start of the way. Without it, it
	// is run here.
	Command func(path string, args ...string) []string
	// Env is what else the pipeline is told.
	Env map[string]string
}

// A Trip is one delivery of all events over a way.
type Trip struct {
	Stage *trial.Stage
	Way   Way
	// Calls is how many events there are, as many as the stage says by default.
	Calls int
	// Faults happen one after the other.
	Faults []Fault
	// Gentle faults may pass without any request that fails. Others have to be
	// felt, or the round shows nothing.
	Gentle bool
	// Rough ways make requests fail without any fault, or the round shows nothing.
	Rough bool
	// Pace is the longest that the stand-in keeps a request, and its answer as
	// well: ordeal.Stride by default.
	Pace time.Duration

	seg *ordeal.Segment
	// certificate is that of the stand-in, if it has one.
	certificate *tls.Certificate
	port        *port
	process     *ordeal.Process
	times       acceptances
	held        hold
}

// A Fault happens in the middle of the events.
type Fault struct {
	// Strike makes it happen, and returns what ends it. Where that is nil, nothing
	// does, or it is over by then.
	Strike func(ctx context.Context, t *Trip) (heal func() error, err error)
	// Lasts is for how long, where something ends it.
	Lasts time.Duration
}

//go:embed passage.yaml
var pipeline []byte

// lifelong is how many events a person has: many, so that most of them are large.
// There are no fewer people than requests side by side.
const (
	lifelong    = 100
	leastPeople = 8
)

// Run delivers everything.
func (t *Trip) Run(ctx context.Context) (got ordeal.Tally, err error) {
	if t.Calls == 0 {
		t.Calls = t.Stage.Calls
	}
	if t.Pace == 0 {
		t.Pace = ordeal.Stride
	}
	events, env, err := t.pack()
	if err != nil {
		return got, err
	}
	t.seg = ordeal.NewSegment(t.Stage.Rand.Uint64(), t.Pace)
	t.held.ended = ctx.Done()
	t.seg.Watched(func(_, _ int, isAnswered bool) {
		if isAnswered {
			t.times.note()
			t.held.wait()
		}
	})
	if err := t.open(env); err != nil {
		return got, err
	}
	defer func() { t.seg.Close() }() // the one that is there then
	if err := t.start(env); err != nil {
		return got, err
	}
	defer t.process.Kill()
	err = t.travel(ctx, &got)
	t.process.Kill()
	got.Leaked = t.process.Said.Leaks()
	if err != nil {
		err = fmt.Errorf("%w\n%s", err, t.process.Said)
	}
	got.Judgement = ordeal.Judge(events, t.seg.Accepted(), ordeal.Nobody)
	return got, errors.Join(err, got.Fault())
}

// pack writes what the process needs.
func (t *Trip) pack() (events []ordeal.Event, env map[string]string, err error) {
	crowd := t.Stage.Crowd(max(t.Calls/lifelong, leastPeople))
	crowd.Padding = t.padding
	events = crowd.Events(t.Calls)
	var lines []byte
	for _, e := range events {
		lines = append(append(lines, e.Payload...), '\n')
	}
	env = map[string]string{
		"EVENTS":            filepath.Join(t.Stage.Folder, "events.ndjson"),
		"DEAD_LETTERS":      filepath.Join(t.Stage.Folder, "dead-letters.ndjson"),
		"METRICS_FILE":      filepath.Join(t.Stage.Folder, "metrics.txt"),
		"SEGMENT_WRITE_KEY": ordeal.WriteKey,
	}
	maps.Copy(env, t.Way.Env)
	return events, env, errors.Join(
		os.WriteFile(env["EVENTS"], lines, 0o600),
		os.WriteFile(t.pipeline(), pipeline, 0o600),
	)
}

func (t *Trip) pipeline() string { return filepath.Join(t.Stage.Folder, "passage.yaml") }

// size is how much of an event cannot be compressed, so that a request takes
// many packets.
const size = 700

func (t *Trip) padding(int) string {
	text := make([]byte, size)
	for i := range text {
		text[i] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_"[t.Stage.Rand.IntN(64)]
	}
	return string(text)
}

// open has the stand-in take requests, and tells the process where.
func (t *Trip) open(env map[string]string) error {
	listener, err := t.listen()
	if err != nil {
		return err
	}
	scheme := "http"
	if t.Way.Secure {
		scheme = "https"
		env["CA_FILE"] = filepath.Join(t.Stage.Folder, "ca.pem")
		if t.certificate, err = t.certify(env["CA_FILE"], listener); err != nil {
			return errors.Join(err, listener.Close())
		}
	}
	host := t.Way.Host
	if host == "" {
		host = listener.Addr().String()
	}
	env["SEGMENT_ENDPOINT"] = (&url.URL{Scheme: scheme, Host: host, Path: "/process/1"}).String()
	t.seg.ServeOn(listener, t.certificate)
	return nil
}

// Replace has another machine take the place of the stand-in's: it knows none of
// the connections.
func (t *Trip) Replace() error { return t.Leave()() }

// Leave has the stand-in close its connections and listen no more, until it comes
// back.
func (t *Trip) Leave() (back func() error) {
	t.seg.Close()
	return func() error {
		listener, err := t.listen()
		if err != nil {
			return err
		}
		t.seg.ServeOn(listener, t.certificate)
		return nil
	}
}

// Hold has the stand-in keep its answers to itself, about calls that it has
// accepted, until it is released.
func (t *Trip) Hold() (release func() error) { return t.held.on() }

func (t *Trip) listen() (net.Listener, error) {
	listener, err := t.Way.Listen()
	if err != nil {
		return nil, err
	}
	if t.port == nil {
		t.port = &port{changed: make(chan struct{})}
	}
	return &meter{Listener: listener, port: t.port}, nil
}

var started = regexp.MustCompile(`Input type \S+ is now active|Launching a`)

func (t *Trip) start(env map[string]string) (err error) {
	command := []string{t.Stage.Product.Path, "run", "--log.level", "TRACE", t.pipeline()}
	if t.Way.Command != nil {
		command = t.Way.Command(command[0], command[1:]...)
	}
	t.process, err = ordeal.Start(started, env, command[0], command[1:]...)
	return err
}

// travel has the faults happen and waits for the end, which the process comes to
// by itself: when each event is accepted, or in the dead letters.
func (t *Trip) travel(ctx context.Context, got *ordeal.Tally) error {
	var over []time.Time
	for i, f := range t.Faults {
		if err := t.midway(ctx, (i+1)*t.Calls/(len(t.Faults)+2)); err != nil {
			return err
		}
		at, err := t.suffer(ctx, f)
		if err != nil {
			return err
		}
		got.Kills++ // which is what tables count faults by
		over = append(over, at)
	}
	if err := t.process.Ended(ctx); err != nil {
		return err
	}
	got.Pause = t.times.longestPause(over)
	return errors.Join(t.noDeadLetters(), t.felt())
}

// felt returns an error unless a fault made a request fail, or be cut.
func (t *Trip) felt() error {
	if t.Gentle || len(t.Faults) == 0 && !t.Rough {
		return nil
	}
	file, err := os.Open(filepath.Join(t.Stage.Folder, "metrics.txt"))
	if err != nil {
		return fmt.Errorf("reading the metrics: %w", err)
	}
	defer file.Close()
	values, err := metrics.Read(file, metrics.Text)
	if err != nil {
		return err
	}
	if values["segment_retries"]+values["segment_splits"] == 0 {
		return errors.New("no request failed: what should have happened did not")
	}
	return nil
}

// midway waits until n events have arrived, and then for the middle of a
// request.
func (t *Trip) midway(ctx context.Context, n int) error {
	if err := t.while(ctx, func(ctx context.Context) error { return t.seg.Await(ctx, n) }); err != nil {
		return err
	}
	bytes := int64(1 + t.Stage.Rand.IntN(100*size/2))
	return t.while(ctx, t.port.after(bytes))
}

// while waits for something, but not for longer than the process lives.
func (t *Trip) while(ctx context.Context, await func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- await(ctx) }()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(50 * time.Millisecond):
		}
		if err := t.process.Running(); err != nil {
			cancel()
			return errors.Join(err, <-done)
		}
	}
}

// suffer has a fault happen, and returns when it was over. Nothing is answered
// until it has happened: a slow machine could deliver everything by then.
func (t *Trip) suffer(ctx context.Context, f Fault) (over time.Time, err error) {
	release := t.Hold()
	heal, err := f.Strike(ctx, t)
	err = errors.Join(err, release())
	if err != nil || heal == nil {
		return time.Now(), err
	}
	t.endure(ctx, f.Lasts)
	return time.Now(), errors.Join(ctx.Err(), heal())
}

// endure waits until so much time has passed, or everything is delivered all the
// same.
func (t *Trip) endure(ctx context.Context, lasts time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, lasts)
	defer cancel()
	_ = t.while(ctx, func(ctx context.Context) error { <-ctx.Done(); return nil })
}

// noDeadLetters returns an error where the product gave an event up, although
// none of them is guilty of anything.
func (t *Trip) noDeadLetters() error {
	text, err := os.ReadFile(filepath.Join(t.Stage.Folder, "dead-letters.ndjson"))
	if errors.Is(err, os.ErrNotExist) || err == nil && len(text) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("reading the dead letters: %w", err)
	}
	return fmt.Errorf("events are in the dead letters, the first begins: %s", text[:min(len(text), 300)])
}
