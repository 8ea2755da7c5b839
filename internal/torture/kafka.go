package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/torture/ordeal"
)

// partitions is how many a topic of ours has.
const partitions = 4

// startKafka starts a broker. With a folder it keeps there what it was given,
// and a later one goes on with it.
func startKafka(folder string, port int) (*kfake.Cluster, error) {
	opts := []kfake.Opt{kfake.Ports(port), kfake.GroupMinSessionTimeout(time.Second)}
	if folder != "" {
		opts = append(opts, kfake.DataDir(folder), kfake.SyncWrites())
	}
	cluster, err := kfake.NewCluster(opts...)
	if err != nil {
		return nil, fmt.Errorf("starting a Kafka broker: %w", err)
	}
	return cluster, nil
}

// enlisted is what the client says once its consumer group has taken it in. One
// that dies while it waits for that, kfake may keep for a member, with
// partitions, until the next rebalance: it starts the session timeout only with
// an answer that it could hand over. A Kafka starts it either way.
var enlisted = regexp.MustCompile("new group session begun")

// topic is a Kafka topic with its consumer group.
type topic struct {
	brokers string
	name    string
	client  *kgo.Client
	admin   *kadm.Client
	// records are the events by partition and offset.
	records [partitions][]ordeal.Event
}

var _ ordeal.Feed = (*topic)(nil)

func newTopic(ctx context.Context, brokers, name string) (*topic, error) {
	client, err := kgo.NewClient(
		kgo.SeedBrokers(brokers),
		kgo.DefaultProduceTopic(name),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	)
	if err != nil {
		return nil, fmt.Errorf("connecting to Kafka: %w", err)
	}
	t := &topic{brokers: brokers, name: name, client: client, admin: kadm.NewClient(client)}
	if _, err := t.admin.CreateTopic(ctx, partitions, 1, nil, name); err != nil {
		client.Close()
		return nil, fmt.Errorf("creating a topic: %w", err)
	}
	return t, nil
}

// Put writes events in their order, those of one person to one partition.
func (t *topic) Put(ctx context.Context, events []ordeal.Event) error {
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		partition := e.Person % partitions
		records[i] = &kgo.Record{
			Partition: int32(partition),
			Key:       []byte(strconv.Itoa(e.Person)),
			Value:     e.Payload,
		}
		t.records[partition] = append(t.records[partition], e)
	}
	if err := t.client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing to Kafka: %w", err)
	}
	for _, r := range records {
		if of := t.records[r.Partition]; r.Offset >= int64(len(of)) {
			return fmt.Errorf("offset %d of partition %d is not one of ours", r.Offset, r.Partition)
		}
	}
	return nil
}

func (*topic) Pipeline() string { return "pipelines/kafka.yaml" }

func (t *topic) Env() map[string]string {
	return map[string]string{
		"KAFKA_BROKERS": t.brokers, "KAFKA_TOPIC": t.name, "KAFKA_GROUP": t.name, "KAFKA_INSTANCE": "torture",
	}
}

// Seat leaves the sharing to the group.
func (t *topic) Seat(int) map[string]string {
	env := t.Env()
	delete(env, "KAFKA_INSTANCE")
	env["KAFKA_SESSION_TIMEOUT"], env["KAFKA_HEARTBEAT"], env["KAFKA_REBALANCE_TIMEOUT"] = "2s", "200ms", "4s"
	env["METRICS_ADDRESS"] = "127.0.0.1:0"
	return env
}

// Acknowledged returns the events that the group has committed. No process is
// ever given these again.
func (t *topic) Acknowledged(ctx context.Context) (events []ordeal.Event, err error) {
	commits, err := t.admin.FetchOffsets(ctx, t.name)
	if errors.Is(err, kerr.GroupIDNotFound) {
		return nil, nil // No process has got so far as to join.
	}
	if err != nil {
		return nil, fmt.Errorf("reading commits: %w", err)
	}
	for p, records := range t.records {
		if commit, exists := commits.Lookup(t.name, int32(p)); exists && commit.At > 0 {
			events = append(events, records[:commit.At]...)
		}
	}
	return events, nil
}

func (t *topic) Settled(ctx context.Context) (int, error) {
	events, err := t.Acknowledged(ctx)
	return len(events), err
}

func (t *topic) Drained(ctx context.Context) (bool, error) {
	events, err := t.Acknowledged(ctx)
	total := 0
	for _, records := range t.records {
		total += len(records)
	}
	return err == nil && len(events) == total, err
}

// KeepsOrder is true: a record that is read again comes before those that were
// not read yet.
func (*topic) KeepsOrder() bool { return true }

func (t *topic) Given(context.Context, int) (int, error) { return 0, nil }

func (t *topic) Close(ctx context.Context) {
	_, _ = t.admin.DeleteTopic(ctx, t.name) // only to have its memory back
	t.client.Close()
}
