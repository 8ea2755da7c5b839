package send

import (
	"context"
	"errors"
	"math"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
)

const (
	// batchEvents is how many events the stream gets at a time: as many as the
	// output gathers.
	batchEvents = 500
	// batchPause is how long a batch waits for more, where a pipe has nothing to
	// say.
	batchPause = 100 * time.Millisecond
)

// metaPlace and metaDialect are the metadata in which the output finds where an
// event was read, and in whose dialect it is.
const (
	metaPlace   = "segment_place"
	metaDialect = "segment_dialect"
)

// input is the input of the stream. It gathers what the reader reads, and notes
// what is settled.
type input struct {
	conf   config
	run    string
	reader *reader
	ledger *ledger
	// refuse makes a dead letter of what is no payload at all.
	refuse func(letter) error
	// giveUp is told why reading has ended, or why something was not settled.
	giveUp func(error)

	// current is the file at hand.
	current *progressIn
	// stopping is closed when no more is to be read.
	stopping chan struct{}
	stop     sync.Once
	start    sync.Once
	// ctx ends the reading. A pipe may have nothing to say for a long time, so that
	// it is read beside the stream.
	ctx    context.Context
	cancel context.CancelFunc
}

var _ service.BatchInput = (*input)(nil)

// Connect starts to read.
func (in *input) Connect(context.Context) error {
	in.start.Do(func() { go in.read() })
	return nil
}

// read says why it ends before the stream can end because of it.
func (in *input) read() {
	defer close(in.reader.out)
	if err := in.reader.run(in.ctx); err != nil && in.ctx.Err() == nil {
		in.giveUp(err)
	}
}

// ReadBatch returns the next events.
func (in *input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	for {
		next, err := in.await(ctx)
		if err != nil {
			return nil, nil, err
		}
		batch, end, err := in.gather(next)
		if err != nil {
			in.giveUp(err)
			return nil, nil, service.ErrEndOfInput
		}
		if end == nil {
			continue
		}
		e := in.ledger.add(*end)
		if len(batch) > 0 {
			return batch, in.settle(e), nil
		}
		in.ledger.settle(e)
	}
}

// mostOpen is how many batches may be under way. The output has bounds of its own.
// Where it sends slowly because it was told to, a second's worth is enough: the
// fewer are under way, the less a later run has to send again.
func (c config) mostOpen() int {
	if c.eventsPerSecond == 0 {
		return math.MaxInt
	}
	return 2 + c.eventsPerSecond/batchEvents
}

// await waits for the first item of a batch.
func (in *input) await(ctx context.Context) (next item, err error) {
	for less := in.ledger.full(in.conf.mostOpen()); less != nil; less = in.ledger.full(in.conf.mostOpen()) {
		select {
		case <-less:
		case <-in.stopping:
			return next, service.ErrEndOfInput
		case <-ctx.Done():
			return next, ctx.Err()
		}
	}
	select {
	case <-in.stopping:
		return next, service.ErrEndOfInput
	default:
	}
	select {
	case next, isOpen := <-in.reader.out:
		if !isOpen {
			return next, service.ErrEndOfInput
		}
		return next, nil
	case <-in.stopping:
		return next, service.ErrEndOfInput
	case <-ctx.Done():
		return next, ctx.Err()
	}
}

// gather takes items until a batch is full, its file ends, or nothing comes. It
// returns where the batch ends, or nil where there is nothing to note.
func (in *input) gather(next item) (batch service.MessageBatch, end *position, err error) {
	pause := time.NewTimer(batchPause)
	defer pause.Stop()
	for {
		if next.begun != nil {
			in.current = next.begun
		} else if !next.isEnd {
			if batch, err = in.take(batch, next); err != nil {
				return nil, nil, err
			}
		}
		end = &position{file: next.file, documents: in.current.count, bytes: next.bytes, isEnd: next.isEnd, info: in.current.info}
		if next.isEnd || len(batch) == batchEvents {
			break
		}
		var isThere bool
		if next, isThere = in.another(pause.C); !isThere {
			break
		}
	}
	end.sum = in.current.digest()
	return batch, end, nil
}

// another returns the next item, if it comes in time.
func (in *input) another(late <-chan time.Time) (next item, isThere bool) {
	select {
	case next, isThere = <-in.reader.out:
		return next, isThere
	default:
	}
	select {
	case next, isThere = <-in.reader.out:
		return next, isThere
	case <-late:
	case <-in.stopping:
	}
	return next, false
}

// take counts a document, and makes a message of it.
func (in *input) take(batch service.MessageBatch, next item) (service.MessageBatch, error) {
	in.current.add(next.Document)
	at := place{run: in.run, document: in.current.count, line: next.Line, file: in.current.path}
	if why := next.Problem; why != nil {
		return batch, in.refuse(letter{
			Reason: string(why.Reason), Field: "-", Sentence: why.Sentence, File: at.file, Line: at.line, Event: at.document, Run: at.run,
		})
	}
	text := next.Payload
	if in.conf.isOfDeadLetters {
		text = eventOf(text)
	}
	msg := service.NewMessage(text)
	msg.MetaSetMut(metaPlace, at.String())
	if in.conf.dialect != "" {
		msg.MetaSetMut(metaDialect, in.conf.dialect)
	}
	return append(batch, msg), nil
}

// errUnsettled is why a run ends where the stream gives something back.
var errUnsettled = errors.New("the stream gave events back")

// settle notes that a batch was sent, or has become dead letters. One that was
// not is read again by the next run.
func (in *input) settle(e *entry) service.AckFunc {
	return func(_ context.Context, err error) error {
		if err != nil {
			in.giveUp(errors.Join(errUnsettled, err))
			return nil
		}
		in.ledger.settle(e)
		return nil
	}
}

// end lets the stream finish what it has, and read no more.
func (in *input) end() {
	in.stop.Do(func() { close(in.stopping) })
	in.cancel()
}

// Close ends the reading.
func (in *input) Close(context.Context) error {
	in.cancel()
	return nil
}
