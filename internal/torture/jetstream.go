package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
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

// stream is a stream of JetStream with one durable consumer.
type stream struct {
	url  string
	name string
	conn *nats.Conn
	js   jetstream.JetStream
	// push is the older interface, the only one that looks at push consumers.
	push nats.JetStreamContext
	// records are the events by sequence number, which starts at 1.
	records []event
}

var _ source = (*stream)(nil)

func newStream(ctx context.Context, url, name string) (*stream, error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	js, err := jetstream.New(conn)
	if err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	push, err := conn.JetStream()
	if err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	s := &stream{url: url, name: name, conn: conn, js: js, push: push}
	_, err = js.CreateStream(ctx, jetstream.StreamConfig{
		Name: name, Subjects: []string{name + ".>"}, Storage: jetstream.FileStorage,
	})
	if err != nil {
		conn.Close()
		return nil, fmt.Errorf("creating a stream: %w", err)
	}
	return s, nil
}

// put writes events one behind the other, waiting for their receipts at the
// end.
func (s *stream) put(ctx context.Context, events []event) error {
	receipts := make([]jetstream.PubAckFuture, len(events))
	for i, e := range events {
		var err error
		if receipts[i], err = s.js.PublishAsync(s.subject(e), e.payload); err != nil {
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
func (s *stream) subject(e event) string {
	return fmt.Sprintf("%s.%d", s.name, e.Person%partitions)
}

func (*stream) pipeline() string { return "pipelines/jetstream.yaml" }

func (s *stream) env() map[string]string {
	return map[string]string{
		"NATS_URL": s.url, "NATS_STREAM": s.name, "NATS_SUBJECT": s.name + ".>", "NATS_DURABLE": "torture",
	}
}

// acknowledged returns what is below the acknowledgement floor. More may be
// acknowledged above it.
func (s *stream) acknowledged(ctx context.Context) ([]event, error) {
	info, err := s.info(ctx)
	if err != nil || info == nil {
		return nil, err
	}
	return s.records[:info.AckFloor.Stream], nil
}

// keepsOrder is false: what a dead process was given comes again when ack_wait
// is over, and newer events do not wait for it.
func (*stream) keepsOrder() bool { return false }

func (s *stream) given(ctx context.Context) (int, error) {
	info, err := s.info(ctx)
	if err != nil || info == nil {
		return 0, err
	}
	return int(info.Delivered.Stream), nil
}

// info returns nil where there is no consumer yet.
func (s *stream) info(ctx context.Context) (*nats.ConsumerInfo, error) {
	info, err := s.push.ConsumerInfo(s.name, "torture", nats.Context(ctx))
	if errors.Is(err, nats.ErrConsumerNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking up the consumer: %w", err)
	}
	return info, nil
}

func (s *stream) close(ctx context.Context) {
	_ = s.js.DeleteStream(ctx, s.name) // only to have its room back
	s.conn.Close()
}
