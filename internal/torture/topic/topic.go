// Package topic feeds a pipeline from a topic of Kafka, with a group of its own,
// and asks the broker what that has committed.
package topic

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/torture/ordeal"
)

// Options are what may be different about a topic.
type Options struct {
	Partitions int
	// Replicas is on how many brokers it is, one by default.
	Replicas int
	// Configs are those of the topic.
	Configs map[string]string
	// Connection is what every client needs, such as TLS.
	Connection []kgo.Opt
	// Pipeline is the file that reads it.
	Pipeline string
	// Env is what its pipeline gets beside the names, and what all but the seats of a
	// fleet get.
	Env map[string]string
	// Key names the record of an event. Without it, that is the person.
	Key func(ordeal.Event) string
}

// A Topic is a Kafka topic with its consumer group, which has the same name.
type Topic struct {
	Options
	Name    string
	Client  *kgo.Client
	Admin   *kadm.Client
	brokers string

	mu sync.Mutex
	// records are the events by partition, in the order of their offsets.
	records [][]record
}

type record struct {
	offset int64
	event  ordeal.Event
}

var _ ordeal.Feed = (*Topic)(nil)

// New makes a topic.
func New(ctx context.Context, brokers, name string, o Options) (*Topic, error) {
	client, err := kgo.NewClient(append([]kgo.Opt{
		kgo.SeedBrokers(strings.Split(brokers, ",")...),
		kgo.DefaultProduceTopic(name),
		kgo.RecordPartitioner(kgo.ManualPartitioner()),
	}, o.Connection...)...)
	if err != nil {
		return nil, fmt.Errorf("connecting to Kafka: %w", err)
	}
	t := &Topic{Options: o, brokers: brokers, Name: name, Client: client, Admin: kadm.NewClient(client)}
	t.records = make([][]record, o.Partitions)
	if err := t.Create(ctx, name, o.Partitions, o.Configs); err != nil {
		client.Close()
		return nil, err
	}
	return t, nil
}

// Create creates another topic beside this one.
func (t *Topic) Create(ctx context.Context, name string, partitions int, configs map[string]string) error {
	settings := make(map[string]*string, len(configs))
	for key, value := range configs {
		settings[key] = &value
	}
	_, err := t.Admin.CreateTopic(ctx, int32(partitions), int16(cmp.Or(t.Replicas, 1)), settings, name)
	if err != nil {
		return fmt.Errorf("creating the topic %s: %w", name, err)
	}
	return nil
}

// PartitionOf is where the events of a person are.
func (t *Topic) PartitionOf(e ordeal.Event) int { return e.Person % t.Partitions }

// Record is what an event is in Kafka.
func (t *Topic) Record(e ordeal.Event) *kgo.Record {
	key := strconv.Itoa(e.Person)
	if t.Key != nil {
		key = t.Key(e)
	}
	return &kgo.Record{Partition: int32(t.PartitionOf(e)), Key: []byte(key), Value: e.Payload}
}

// Put writes events in their order, those of one person to one partition.
func (t *Topic) Put(ctx context.Context, events []ordeal.Event) error {
	records := make([]*kgo.Record, len(events))
	for i, e := range events {
		records[i] = t.Record(e)
	}
	if err := t.Client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing to Kafka: %w", err)
	}
	return t.Keep(records, events)
}

// Keep takes down where events were written. Of those that are not kept,
// nothing is expected.
func (t *Topic) Keep(records []*kgo.Record, events []ordeal.Event) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	for i, r := range records {
		of := t.records[r.Partition]
		if len(of) > 0 && of[len(of)-1].offset >= r.Offset {
			return fmt.Errorf("offset %d of partition %d is not one of ours", r.Offset, r.Partition)
		}
		t.records[r.Partition] = append(of, record{r.Offset, events[i]})
	}
	return nil
}

// Forget takes the last events of each partition off the books: Kafka has lost
// them, and their offsets go to others.
func (t *Topic) Forget(n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, records := range t.records {
		t.records[p] = records[:len(records)-min(n, len(records))]
	}
}

// Env is what a pipeline needs to know that is the only one.
func (t *Topic) Env() map[string]string {
	env := maps.Clone(t.Options.Env)
	if env == nil {
		env = map[string]string{}
	}
	maps.Copy(env, map[string]string{
		"KAFKA_BROKERS": t.brokers, "KAFKA_TOPIC": t.Name, "KAFKA_GROUP": t.Name, "KAFKA_INSTANCE": "torture",
		"METRICS_ADDRESS": "127.0.0.1:0",
	})
	return env
}

// Pipeline is the file that reads the topic.
func (t *Topic) Pipeline() string { return t.Options.Pipeline }

// Seat leaves the sharing to the group.
func (t *Topic) Seat(int) map[string]string {
	env := t.Env()
	delete(env, "KAFKA_INSTANCE")
	env["KAFKA_SESSION_TIMEOUT"], env["KAFKA_HEARTBEAT"], env["KAFKA_REBALANCE_TIMEOUT"] = "2s", "200ms", "4s"
	return env
}

// Acknowledged returns the events that the group has committed. No process is
// ever given these again.
func (t *Topic) Acknowledged(ctx context.Context) (events []ordeal.Event, err error) {
	events, _, err = t.committed(ctx)
	return events, err
}

// committed returns the events below what is committed, and how many are not.
func (t *Topic) committed(ctx context.Context) (below []ordeal.Event, above int, err error) {
	commits, err := t.Admin.FetchOffsets(ctx, t.Name)
	if err != nil && !errors.Is(err, kerr.GroupIDNotFound) { // No process has got so far as to join.
		return nil, 0, fmt.Errorf("reading commits: %w", err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for p, records := range t.records {
		at := 0
		if commit, exists := commits.Lookup(t.Name, int32(p)); exists {
			if commit.Err != nil {
				return nil, 0, fmt.Errorf("reading the commit of partition %d: %w", p, commit.Err)
			}
			at, _ = slices.BinarySearchFunc(records, commit.At, func(r record, offset int64) int { return cmp.Compare(r.offset, offset) })
		}
		for _, r := range records[:at] {
			below = append(below, r.event)
		}
		above += len(records) - at
	}
	return below, above, nil
}

// Settled counts what is committed.
func (t *Topic) Settled(ctx context.Context) (int, error) {
	events, err := t.Acknowledged(ctx)
	return len(events), err
}

// Drained says whether all is committed.
func (t *Topic) Drained(ctx context.Context) (bool, error) {
	_, left, err := t.committed(ctx)
	return err == nil && left == 0, err
}

// KeepsOrder is true: a record that is read again comes before those that were
// not read yet.
func (*Topic) KeepsOrder() bool { return true }

// Given does not matter where order is kept.
func (*Topic) Given(context.Context, int) (int, error) { return 0, nil }

// Close deletes the topic, only to have its memory back.
func (t *Topic) Close(ctx context.Context) {
	_, _ = t.Admin.DeleteTopic(ctx, t.Name)
	t.Client.Close()
}
