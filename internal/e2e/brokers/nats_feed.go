package brokers

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"benthos-segment/internal/torture/ordeal"
)

// feed is a stream with as many copies as there are servers.
func (n *natsServers) feed(ctx context.Context, name string) (_ feed, err error) {
	conn, err := nats.Connect(n.url(), nats.MaxReconnects(-1), nats.ReconnectWait(50*time.Millisecond))
	if err != nil {
		return nil, fmt.Errorf("connecting to NATS: %w", err)
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	js, err := jetstream.New(conn, jetstream.WithPublishAsyncMaxPending(pending))
	if err != nil {
		return nil, fmt.Errorf("asking for JetStream: %w", err)
	}
	s := &natsStream{servers: n, name: name, conn: conn, js: js}
	if n.consumer.core {
		return s, nil
	}
	var stream jetstream.Stream
	if err := insist(ctx, func(ctx context.Context) (err error) {
		stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
			Name: name, Subjects: []string{name + ".>"}, Storage: jetstream.FileStorage, Replicas: len(n.nodes),
		})
		return err
	}); err != nil {
		return nil, fmt.Errorf("making a stream: %w", err)
	}
	if len(n.nodes) > 1 {
		n.leader = func(ctx context.Context) string {
			info, err := stream.Info(ctx)
			if err != nil || info.Cluster == nil {
				return ""
			}
			return info.Cluster.Leader
		}
	}
	if !n.consumer.pull {
		return s, nil
	}
	err = insist(ctx, func(ctx context.Context) error {
		_, err := js.CreateOrUpdateConsumer(ctx, name, jetstream.ConsumerConfig{
			Durable: "e2e", FilterSubject: name + ".>", AckPolicy: jetstream.AckExplicitPolicy,
			AckWait: n.consumer.ackWait, MaxAckPending: pending,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("making a consumer: %w", err)
	}
	return s, nil
}

// pending is how many events may be on their way.
const pending = 2000

type natsStream struct {
	servers *natsServers
	name    string
	conn    *nats.Conn
	js      jetstream.JetStream
}

func (s *natsStream) env() map[string]string {
	return map[string]string{
		"NATS_URL": s.servers.url(), "NATS_STREAM": s.name, "NATS_SUBJECT": s.name + ".>", "NATS_DURABLE": "e2e",
		"NATS_BIND":         strconv.FormatBool(s.servers.consumer.pull),
		"NATS_DEAD_LETTERS": "dead." + s.name,
	}
}

func (s *natsStream) settings() []string {
	if s.servers.consumer.core || s.servers.consumer.pull {
		return nil
	}
	return []string{"input.nats_jetstream.ack_wait=" + s.servers.consumer.ackWait.String()}
}

func (s *natsStream) put(ctx context.Context, events []ordeal.Event) error {
	if s.servers.consumer.core {
		for _, e := range events {
			if err := s.conn.Publish(s.subject(), e.Payload); err != nil {
				return fmt.Errorf("publishing: %w", err)
			}
		}
		if err := s.conn.FlushWithContext(ctx); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
		return nil
	}
	receipts := make([]jetstream.PubAckFuture, len(events))
	for i, e := range events {
		var err error
		if receipts[i], err = s.js.PublishAsync(s.subject(), e.Payload, jetstream.WithStallWait(time.Minute)); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
	}
	for _, receipt := range receipts {
		select {
		case <-receipt.Ok():
		case err := <-receipt.Err():
			return fmt.Errorf("publishing: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("publishing: %w", ctx.Err())
		}
	}
	return nil
}

// heard waits until somebody listens, where nobody else would keep an event.
// What it asks with is empty, which is no event.
func (s *natsStream) heard(ctx context.Context) error {
	if !s.servers.consumer.core {
		return nil
	}
	for {
		asking, cancel := context.WithTimeout(ctx, 100*time.Millisecond)
		// The server may be another life of the one that we were connected to.
		err := s.conn.FlushWithContext(asking)
		if err == nil {
			_, err = s.conn.RequestWithContext(asking, s.subject(), nil)
			if err == nil || errors.Is(err, context.DeadlineExceeded) && s.conn.IsConnected() {
				cancel()
				return nil // Somebody is there, and answers or does not.
			}
		}
		cancel()
		if !ordeal.Wait(ctx, glance) {
			return fmt.Errorf("asking who listens: %w: %w", ctx.Err(), err)
		}
	}
}

// subject is what is published to.
func (s *natsStream) subject() string { return s.name + ".events" }

// left counts what the consumer was not given yet, and what it was given and has
// not acknowledged.
func (s *natsStream) left(ctx context.Context) (int, error) {
	if s.servers.consumer.core {
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(ctx, natsPatience)
	defer cancel()
	consumer, err := s.js.Consumer(ctx, s.name, "e2e")
	if errors.Is(err, jetstream.ErrConsumerNotFound) {
		return 0, nil // JetStream has forgotten it.
	}
	if err != nil && !errors.Is(err, jetstream.ErrNotPullConsumer) {
		return 0, fmt.Errorf("looking up the consumer: %w", err)
	}
	if consumer != nil {
		info, err := consumer.Info(ctx)
		if err != nil {
			return 0, fmt.Errorf("looking up the consumer: %w", err)
		}
		return int(info.NumPending) + info.NumAckPending, nil
	}
	push, err := s.js.PushConsumer(ctx, s.name, "e2e")
	if err != nil {
		return 0, fmt.Errorf("looking up the consumer: %w", err)
	}
	info, err := push.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("looking up the consumer: %w", err)
	}
	return int(info.NumPending) + info.NumAckPending, nil
}

func (s *natsStream) close() { s.conn.Close() }
