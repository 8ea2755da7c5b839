package send

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/benthos-segment/internal/terminal"
	"benthos-segment/internal/ingest"
)

const (
	// noted is how often the checkpoint is written.
	noted = 500 * time.Millisecond
	// grace is how long a stop waits for what is under way, and hurry how long a
	// stop takes that waits for nothing.
	grace = 10 * time.Second
	hurry = time.Second
)

// session is one run of the command.
type session struct {
	conf    config
	keeper  *keeper
	ledger  *ledger
	input   *input
	letters *letters
	figures *figures
	dry     *dryRun
	meter   *meter
	display display
	// out takes the result, and err what there is to say before.
	out, err terminal.Screen
	// before is how many events earlier runs have settled, and refusedBefore how
	// many of them were refused.
	before, refusedBefore int64

	// gaveUp gets the first reason why the run cannot go on.
	gaveUp   chan error
	gaveOnce sync.Once
	// isStopping says that nothing that is given up matters any more.
	isStopping atomic.Bool
	// unnoted is set while the checkpoint cannot be written.
	unnoted bool
}

func run(c *cli.Context, conf config) error {
	k, err := openKeeper(conf, destinationOf(conf), ingest.Fingerprint(conf.writeKey))
	if err != nil {
		return err
	}
	defer k.close()
	s := newSession(c, conf, k)
	return s.run(c.Context)
}

// destinationOf says where events go, as a checkpoint keeps it.
func destinationOf(conf config) string {
	if conf.endpoint != "" {
		return conf.endpoint
	}
	return "Segment, region " + conf.region
}

func newSession(c *cli.Context, conf config, k *keeper) *session {
	s := &session{
		conf: conf, keeper: k, ledger: newLedger(len(conf.files)), figures: newFigures(),
		out: terminal.Of(c.App.Writer), err: terminal.Of(c.App.ErrWriter), gaveUp: make(chan error, 1),
	}
	s.letters = &letters{path: conf.deadLetters, run: k.Run, giveUp: s.giveUp, known: map[letterKey]bool{}, tallies: map[string]*tally{}}
	for i, name := range conf.files {
		if known := k.of(pathOf(name)); known.Events > 0 {
			s.ledger.begin(position{file: i, documents: known.Events, sum: known.Sum, bytes: known.Bytes, isEnd: known.IsDone, info: known.fileInfo})
			s.letters.tallyOf(known.Path).settled = known.Refused
			s.refusedBefore += known.Refused
		}
	}
	s.before = s.settledEvents()
	ctx, cancel := context.WithCancel(context.WithoutCancel(c.Context))
	s.input = &input{
		conf: conf, run: k.Run, ledger: s.ledger, refuse: s.letters.refuse, giveUp: s.giveUp,
		stopping: make(chan struct{}), ctx: ctx, cancel: cancel,
		reader: &reader{files: conf.files, stdin: c.App.Reader, maxLine: conf.maxLine, known: k.snapshot(), say: s.say, out: make(chan item, 2*batchEvents)},
	}
	s.meter = newMeter(s)
	if conf.isDryRun {
		s.dry = &dryRun{out: c.App.Writer}
		s.letters.show = s.dry.refused
		s.display = quiet{c.App.ErrWriter}
	} else {
		s.display = newDisplay(s.err, s.meter.now)
	}
	return s
}

func (s *session) say(text string) { s.display.say(s.err.Wrap(terminal.Clean(text))) }

// giveUp ends the run, unless it ends already.
func (s *session) giveUp(why error) {
	if s.isStopping.Load() {
		return
	}
	s.gaveOnce.Do(func() { s.gaveUp <- why })
}

// run sends, and says what came of it.
func (s *session) run(ctx context.Context) error {
	stream, err := s.prepare()
	if err != nil {
		s.display.end()
		return err
	}
	why := s.sendAll(ctx, stream)
	s.display.end()
	if err := s.note(); err != nil && why == nil {
		why = fmt.Errorf("writing the checkpoint: %w", err)
	}
	s.report(why)
	return s.exit(why)
}

// prepare looks at everything that can be wrong before anything is sent.
func (s *session) prepare() (*service.Stream, error) {
	p := parts{input: s.input, letters: s.letters, figures: s.figures, say: s.say}
	if s.dry != nil {
		p.transport = s.dry
	}
	stream, err := newStream(s.conf, p)
	if err != nil || s.dry != nil {
		return stream, err
	}
	if err := s.letters.remember(); err != nil {
		return nil, err
	}
	// What is sent from here on has ids of this run.
	if err := s.keeper.write(); err != nil {
		return nil, fmt.Errorf("writing the checkpoint: %w: name another place with --%s, or --%s %s for none", err, flagCheckpoint, flagCheckpoint, none)
	}
	return stream, nil
}

// sendAll runs the stream until everything is settled, or until it has to stop:
// then it says why.
func (s *session) sendAll(ctx context.Context, stream *service.Stream) error {
	signals, ignore := s.listen()
	defer ignore()
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(context.WithoutCancel(ctx)) }()
	ticker := time.NewTicker(noted)
	defer ticker.Stop()
	for {
		select {
		case err := <-ended:
			return s.ended(err)
		case why := <-s.gaveUp:
			return s.stop(stream, ended, signals, why)
		case <-signals:
			s.say(fmt.Sprintf("Stopping: waiting up to %s for the answers to what is under way. Ctrl-C again stops at once.", span(grace)))
			return s.stop(stream, ended, signals, errInterrupted)
		case <-ctx.Done():
			hurried := make(chan os.Signal)
			close(hurried)
			return s.stop(stream, ended, hurried, errInterrupted)
		case <-ticker.C:
			s.noteSometimes()
		}
	}
}

// listen returns a channel for the signals that end a run, and what ends that. What
// a terminal writes of them is taken away at once.
func (s *session) listen() (signals <-chan os.Signal, ignore func()) {
	came, relayed, over := make(chan os.Signal, 2), make(chan os.Signal, 2), make(chan struct{})
	signal.Notify(came, os.Interrupt, syscall.SIGTERM)
	var relaying sync.WaitGroup
	relaying.Go(func() {
		for {
			select {
			case one := <-came:
				s.display.interrupted()
				select {
				case relayed <- one:
				default: // Two are as good as three.
				}
			case <-over:
				return
			}
		}
	})
	return relayed, func() {
		signal.Stop(came)
		close(over)
		relaying.Wait()
	}
}

var errInterrupted = errors.New("it was interrupted")

// ended says why a stream that ended by itself is not through, nil if it is.
func (s *session) ended(err error) error {
	s.isStopping.Store(true)
	select {
	case why := <-s.gaveUp:
		return why
	default:
	}
	if err != nil {
		return readable(err)
	}
	return nil
}

// stop reads no more, waits for what is under way, and ends the stream.
func (s *session) stop(stream *service.Stream, ended <-chan error, signals <-chan os.Signal, why error) error {
	s.isStopping.Store(true)
	s.input.end()
	timer := time.NewTimer(grace)
	defer timer.Stop()
	select {
	case <-ended:
		return why
	case <-timer.C:
	case <-signals:
	}
	_ = stream.StopWithin(hurry) // What it has not settled is sent again.
	return why
}

// note writes the checkpoint.
func (s *session) note() error {
	if s.dry != nil {
		return nil
	}
	for _, at := range s.ledger.positions() {
		if at.documents == 0 && !at.isEnd {
			continue
		}
		s.keeper.note(s.pointAt(at))
	}
	return s.keeper.write()
}

// pointAt is what the checkpoint says of a file that is settled up to a position.
func (s *session) pointAt(at position) filePoint {
	path := pathOf(s.conf.files[at.file])
	known := s.keeper.of(path)
	point := filePoint{
		Path: path, Events: at.documents, Bytes: at.bytes, Sum: at.sum, IsDone: at.isEnd, fileInfo: at.info,
		Refused: s.letters.settle(path, at.documents), DeadLetters: known.DeadLetters,
	}
	if to := pathOf(s.conf.deadLetters); point.Refused > known.Refused && !slices.Contains(known.DeadLetters, to) {
		point.DeadLetters = append(slices.Clone(known.DeadLetters), to)
	}
	return point
}

// noteSometimes writes the checkpoint in the middle of a run. A disk that is full
// stops nothing: a later run has more to send again, that is all.
func (s *session) noteSometimes() {
	err := s.note()
	if err != nil && !s.unnoted {
		s.say(fmt.Sprintf("The checkpoint cannot be written (%v). Sending goes on; after a stop, more would be sent again.", err))
	}
	s.unnoted = err != nil
}
