// Package buffer registers the Benthos buffer journal, a durable queue on disk.
package buffer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/journal"
	"benthos-segment/plugin/internal/nack"
	"benthos-segment/plugin/internal/parsed"
)

func init() {
	service.MustRegisterBatchBuffer("journal", journalSpec(), newJournalFromParsed)
}

func newJournalFromParsed(conf *service.ParsedConfig, res *service.Resources) (service.BatchBuffer, error) {
	c, err := journalConfigFromParsed(conf)
	if err != nil {
		return nil, err
	}
	return newJournal(c, res)
}

func journalConfigFromParsed(conf *service.ParsedConfig) (c journal.Config, err error) {
	if err = parsed.Check(journalLintRule, conf); err != nil {
		return
	}
	if c.Path, err = conf.FieldString(jbFieldPath); err != nil {
		return
	}
	c.Path = strings.TrimSpace(c.Path)
	var maxBytes int
	if maxBytes, err = conf.FieldInt(jbFieldMaxBytes); err != nil {
		return
	}
	c.MaxBytes = int64(maxBytes)
	if c.SyncInterval, err = syncIntervalFromParsed(conf); err != nil {
		return
	}
	if c.FullTimeout, err = conf.FieldDuration(jbFieldFullTimeout); err != nil {
		return
	}
	if c.KeepAtEnd, err = parsed.OneOf(conf, jbFieldAtEnd, map[string]bool{"drain": false, "keep": true}); err != nil {
		return
	}
	if c.MaxBatchEvents, err = conf.FieldInt(jbFieldBatchEvents); err != nil {
		return
	}
	waits, err := conf.FieldBackOff(jbFieldRetry)
	if err != nil {
		return
	}
	c.RetryInitial, c.RetryMax = waits.InitialInterval, waits.MaxInterval
	return
}

// syncIntervalFromParsed returns zero where every acknowledgement waits for a
// sync.
func syncIntervalFromParsed(conf *service.ParsedConfig) (time.Duration, error) {
	isInterval, err := parsed.OneOf(conf, jbFieldSync, map[string]bool{"always": false, "interval": true})
	if err != nil || !isInterval {
		return 0, err
	}
	return conf.FieldDuration(jbFieldSyncInterval)
}

// journalBuffer is the buffer journal.
type journalBuffer struct {
	queue *journal.Journal
	// acks ends when nobody waits for acknowledgements any more.
	acks   context.Context
	cancel context.CancelFunc
	gauges sync.WaitGroup

	report *journalReport
}

var _ service.BatchBuffer = (*journalBuffer)(nil)

func newJournal(conf journal.Config, res *service.Resources) (*journalBuffer, error) {
	b := &journalBuffer{report: newJournalReport(res)}
	conf.Log, conf.Observer = res.Logger(), b.report
	queue, err := journal.Open(conf)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", jbFieldPath, err)
	}
	b.queue = queue
	b.acks, b.cancel = context.WithCancel(context.Background())
	b.gauges.Go(func() { b.report.watch(b.acks, queue) })
	return b, nil
}

// WriteBatch takes a batch and returns. It is acknowledged when it is durable,
// together with all that come in meanwhile.
func (b *journalBuffer) WriteBatch(ctx context.Context, batch service.MessageBatch, ack service.AckFunc) error {
	events, err := eventsOf(batch)
	if err != nil {
		return err
	}
	return b.queue.Write(ctx, events, func(err error) {
		// The input hears of a failure by the error itself.
		_ = ack(b.acks, err)
	})
}

// ReadBatch hands out the next messages, or one that was rejected, alone.
func (b *journalBuffer) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	out, err := b.queue.Read(ctx)
	if errors.Is(err, io.EOF) || errors.Is(err, journal.ErrClosed) {
		return nil, nil, service.ErrEndOfBuffer
	}
	if err != nil {
		return nil, nil, err
	}
	batch := messagesOf(out.Events)
	numbers := nack.Number(batch)
	return batch, func(_ context.Context, err error) error {
		failed := numbers.Failed(err)
		if failed == nil {
			out.Settle(nil)
			return nil
		}
		out.Settle(func(i int) bool { return failed(i) != nil })
		return nil
	}, nil
}

// EndOfInput says that no batch follows.
func (b *journalBuffer) EndOfInput() { b.queue.EndOfInput() }

// Close makes durable what was written. What is not settled is handed out at
// the next start.
func (b *journalBuffer) Close(ctx context.Context) error {
	closed := make(chan error, 1)
	go func() { closed <- b.queue.Close() }()
	defer b.gauges.Wait()
	defer b.cancel()
	// An input that does not take its acknowledgement must not hold this up.
	patience := time.NewTimer(ackPatience)
	defer patience.Stop()
	select {
	case err := <-closed:
		return err
	case <-patience.C:
	case <-ctx.Done():
	}
	b.cancel()
	return <-closed
}

// ackPatience is how long Close waits for an input to take acknowledgements.
const ackPatience = 5 * time.Second
