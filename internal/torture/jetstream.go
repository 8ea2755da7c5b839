package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"benthos-segment/internal/torture/ordeal"
)

// startNATS starts a server that keeps its streams in a folder.
func startNATS(folder string, port int) (*server.Server, error) {
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: port, JetStream: true, StoreDir: folder,
		NoSigs: true, NoLog: true,
	})
	if err != nil {
		return nil, fmt.Errorf("making a NATS server: %w", err)
	}
	s.Start()
	if !s.ReadyForConnections(30 * time.Second) {
		s.Shutdown()
		return nil, errors.New("starting a NATS server: it does not get ready")
	}
	return s, nil
}

// pending is how many events may be on their way into a stream.
const pending = 4000

// stream is a stream of JetStream with one durable consumer.
type stream struct {
	url  string
	name string
	conn *nats.Conn
	js   jetstream.JetStream
	// push is the older interface, the only one that looks at push consumers.
	push nats.JetStreamContext
	// records are the events by sequence number, which starts at 1.
	records []ordeal.Event
	// durables name the consumers.
	durables []string
}

var _ ordeal.Feed = (*stream)(nil)

func newStream(ctx context.Context, url, name string) (*stream, error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(pending))
	if err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	push, err := conn.JetStream()
	if err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	s := &stream{url: url, name: name, conn: conn, js: js, push: push, durables: []string{"torture"}}
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{name + ".>"}, Storage: jetstream.FileStorage,
	})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("creating a stream: %w", err)
	}
	return s, nil
}

// Put writes events one after the other, waiting for their receipts at the
// end.
func (s *stream) Put(ctx context.Context, events []ordeal.Event) error {
	receipts := make([]jetstream.PubAckFuture, len(events))
	for i, e := range events {
		var err error
		if receipts[i], err = s.js.PublishAsync(s.subject(e), e.Payload, jetstream.WithStallWait(patience)); err != nil {
			return fmt.Errorf("writing to JetStream: %w", err)
		}
	}
	for i, receipt := range receipts {
		select {
		case ack := <-receipt.Ok():
			if want := uint64(len(s.records) + i + 1); ack.Sequence != want {
				return fmt.Errorf("sequence %d where %d is next", ack.Sequence, want)
			}
		case err := <-receipt.Err():
			return fmt.Errorf("writing to JetStream: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("writing to JetStream: %w", ctx.Err())
		}
	}
	s.records = append(s.records, events...)
	return nil
}

// subject has the partition of the person in it, so that a consumer may take
// one of them.
func (s *stream) subject(e ordeal.Event) string {
	return fmt.Sprintf("%s.%d", s.name, e.Person%partitions)
}

func (*stream) Pipeline() string { return "pipelines/jetstream.yaml" }

func (s *stream) Env() map[string]string {
	return map[string]string{
		"NATS_URL": s.url, "NATS_STREAM": s.name, "NATS_SUBJECT": s.name + ".>", "NATS_DURABLE": "torture",
	}
}

// share makes consumers that hand out only what they are asked for, so that
// several processes may ask the same: one for all events, or one for each
// partition.
func (s *stream) share(ctx context.Context, byPartition bool) error {
	filters := []string{s.name + ".>"}
	if byPartition {
		filters = filters[:0]
		for p := range partitions {
			filters = append(filters, fmt.Sprintf("%s.%d", s.name, p))
		}
	}
	s.durables = s.durables[:0]
	for i, filter := range filters {
		s.durables = append(s.durables, fmt.Sprintf("torture-%d", i))
		_, err := s.js.CreateConsumer(ctx, s.name, jetstream.ConsumerConfig{
			Durable: s.durables[i], FilterSubject: filter, AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: 4 * time.Second, MaxAckPending: 1000,
		})
		if err != nil {
			return fmt.Errorf("creating consumer %s: %w", s.durables[i], err)
		}
	}
	return nil
}

// Seat is the environment of the nth process that shares the work, by asking
// the one consumer or the nth.
func (s *stream) Seat(n int) map[string]string {
	env := s.Env()
	env["NATS_BIND"] = "true"
	env["NATS_DURABLE"] = s.durable(n)
	if len(s.durables) > 1 {
		env["NATS_SUBJECT"] = fmt.Sprintf("%s.%d", s.name, n)
	}
	return env
}

// durable is the consumer of the nth process.
func (s *stream) durable(n int) string { return s.durables[n%len(s.durables)] }

// Acknowledged returns what is below the acknowledgement floors of the
// consumers. More may be acknowledged above them.
func (s *stream) Acknowledged(ctx context.Context) (events []ordeal.Event, err error) {
	for i, durable := range s.durables {
		info, err := s.info(ctx, durable)
		if err != nil {
			return nil, err
		}
		if info == nil {
			continue
		}
		for _, e := range s.records[:info.AckFloor.Stream] {
			if s.isFor(i, e) {
				events = append(events, e)
			}
		}
	}
	return events, nil
}

// Settled counts what is acknowledged above the floors, too: what is neither
// waited for nor still to be given out.
func (s *stream) Settled(ctx context.Context) (n int, err error) {
	for i, durable := range s.durables {
		info, err := s.info(ctx, durable)
		if err != nil {
			return 0, err
		}
		if info != nil {
			n += s.meantFor(i) - int(info.NumPending) - info.NumAckPending
		}
	}
	return n, nil
}

// meantFor counts the events of the ith consumer.
func (s *stream) meantFor(i int) (n int) {
	for _, e := range s.records {
		if s.isFor(i, e) {
			n++
		}
	}
	return n
}

func (s *stream) isFor(i int, e ordeal.Event) bool {
	return len(s.durables) == 1 || e.Person%partitions == i
}

func (s *stream) Drained(ctx context.Context) (bool, error) {
	for _, durable := range s.durables {
		info, err := s.info(ctx, durable)
		if err != nil || info == nil || info.NumPending > 0 || info.NumAckPending > 0 {
			return false, err
		}
	}
	return true, nil
}

// KeepsOrder is false: what a dead process was given comes again when ack_wait
// is over, and newer events do not wait for it.
func (*stream) KeepsOrder() bool { return false }

// Given waits until the server has seen that the process is gone, and would
// give out no more.
func (s *stream) Given(ctx context.Context, seat int) (int, error) {
	for {
		info, err := s.info(ctx, s.durable(seat))
		if err != nil || info == nil {
			return 0, err
		}
		if !info.PushBound && info.NumWaiting == 0 {
			return int(info.Delivered.Stream), nil
		}
		if !ordeal.Wait(ctx, 5*time.Millisecond) {
			return 0, fmt.Errorf("waiting for the server to miss a process: %w", ctx.Err())
		}
	}
}

// info returns nil where there is no consumer yet.
func (s *stream) info(ctx context.Context, durable string) (*nats.ConsumerInfo, error) {
	info, err := s.push.ConsumerInfo(s.name, durable, nats.Context(ctx))
	if errors.Is(err, nats.ErrConsumerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the consumer: %w", err)
	}
	return info, nil
}

func (s *stream) Close(ctx context.Context) {
	_ = s.js.DeleteStream(ctx, s.name) // only to have its room back
	s.conn.Close()
}
