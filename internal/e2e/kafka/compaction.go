package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// compacting has a topic forget all but the last record of a key, as soon as it
// can.
var compacting = map[string]string{
	"cleanup.policy": "compact", "segment.ms": "500", "segment.bytes": "1048576",
	"min.cleanable.dirty.ratio": "0.01", "max.compaction.lag.ms": "1000", "min.compaction.lag.ms": "0",
}

// byEvent is a key for each event, so that compaction finds nothing to forget
// but what was written twice.
func byEvent(e ordeal.Event) string { return fmt.Sprintf("%d-%d", e.Person, e.Seq) }

// blank is what the product skips.
var blank = []byte(" ")

// compactedTopic is a topic that is compacted before anybody reads it.
type compactedTopic struct {
	*topic.Topic
	set
}

// Put writes each event after something blank with the same key, and waits until
// the broker has forgotten what it may.
func (c *compactedTopic) Put(ctx context.Context, events []ordeal.Event) error {
	var records, good []*kgo.Record
	for _, e := range events {
		before, record := c.Record(e), c.Record(e)
		before.Value = blank
		records, good = append(records, before, record), append(good, record)
	}
	if err := c.Client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return fmt.Errorf("writing to Kafka: %w", err)
	}
	if err := c.Keep(good, events); err != nil {
		return err
	}
	return until(ctx, "the topic is compacted", c.isCompact)
}

// isCompact reads everything and looks for keys that are there twice. A segment
// is compacted after the next one has begun, so that each partition gets
// something blank first.
func (c *compactedTopic) isCompact(ctx context.Context) (bool, error) {
	for p := range c.Partitions {
		r := &kgo.Record{Partition: int32(p), Key: []byte("last"), Value: blank}
		if err := c.Client.ProduceSync(ctx, r).FirstErr(); err != nil {
			return false, fmt.Errorf("writing to Kafka: %w", err)
		}
	}
	twice := false
	seen := map[string]bool{}
	err := c.readAll(ctx, c.Name, func(r *kgo.Record) {
		key := string(r.Key)
		twice = twice || key != "last" && seen[key]
		seen[key] = true
	})
	return err == nil && !twice, err
}

// compacted lets a broker compact what a pipeline is to read, and then kills
// that once.
func compacted(ctx context.Context, s set) (ordeal.Tally, error) {
	return ordeal.Crashes{
		Product: s.product(), Feed: &compactedTopic{s.topic, s}, Crowd: s.Crowd(people), Calls: s.Calls,
		Kills: 1, Patience: s.Patience,
	}.Run(ctx, s.Rand)
}
