package kafka

import (
	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/topic"
)

// rounds are what a Kafka goes through: one broker in most of them, three where
// several have to agree.
func rounds(one, three options) []trial.Round {
	return []trial.Round{
		{Name: "pipeline killed", Times: 5, Play: on(one, topic.Options{}, killed)},
		{Name: "Segment killed", Times: 2, Play: on(one, topic.Options{}, segmentKilled)},
		// Reported: a consumer that goes on reading and commits nothing after the
		// broker was away, redpanda-data/connect#433; a static member that cannot
		// join again, confluentinc/confluent-kafka-go#494. All of these are one.
		{Name: "broker killed", Times: 4, Play: on(one, topic.Options{}, disturbed(1, killBroker))},
		{Name: "broker killed, one in 100 events is a dead letter", Times: 2, Play: on(one, topic.Options{}, withDeadLetters(2, killBroker))},
		{Name: "broker killed, with TLS and SCRAM", Times: 2, Play: onSecure(one, disturbed(2, killBroker))},
		{Name: "disk of the broker full", Needs: []needs.Need{needs.Root}, Times: 2, Play: onTightDisk(one, disturbed(1, fill))},
		{Name: "leader killed, of three", Times: 2, Play: on(three, topic.Options{}, disturbed(3, killLeader))},
		{Name: "all three killed at once", Times: 2, Play: on(three, topic.Options{}, disturbed(2, killAll))},
		{Name: "brokers restarted one after the other", Play: on(three, topic.Options{}, disturbed(3, stopBroker))},
		{Name: "leaders moved", Times: 2, Play: on(three, topic.Options{}, disturbed(4, moveLeaders))},
		// Reported: a group that stands still when replicas fall behind,
		// confluentinc/librdkafka#2722.
		{
			Name: "a broker frozen, too few replicas in sync, dead letters", Times: 2,
			Play: on(three, topic.Options{Configs: map[string]string{"min.insync.replicas": "3"}}, withDeadLetters(2, freezeBroker)),
		},
		{
			Name: "unclean election", Times: 3,
			Play: on(three, topic.Options{
				Partitions: 1, Replicas: 2,
				Configs: map[string]string{"unclean.leader.election.enable": "true", "min.insync.replicas": "1"},
			}, uncleanly),
			Breaks: trial.Delivery,
			Note: "Kafka itself loses what the new leader has missed, unless it was delivered before. What comes after, under offsets " +
				"that were committed before, all arrives. Keep `unclean.leader.election.enable: false`, Kafka's default.",
		},
		{Name: "group, processes come and go, cooperative", Times: 3, Play: on(one, topic.Options{}, cooperative)},
		{Name: "group, processes come and go, eager (input `kafka`)", Times: 3, Play: on(one, topic.Options{Pipeline: eagerPipeline()}, eager)},
		{Name: "group, static members restarted", Times: 3, Play: on(one, topic.Options{}, static)},
		{Name: "group, 500 partitions", Play: on(one, topic.Options{Partitions: 500}, cooperative)},
		// Reported: events of aborted transactions that are read all the same,
		// confluentinc/librdkafka#3020 and twmb/franz-go#729.
		{Name: "transactions, half of them aborted, broker killed", Times: 2, Play: on(one, topic.Options{}, transactions(2))},
		{Name: "compacted, keyed by the event", Play: on(one, topic.Options{Configs: compacting, Key: byEvent}, compacted)},
		{
			Name: "compacted, keyed by the person", Play: on(one, topic.Options{Configs: compacting}, compacted),
			Breaks: trial.Delivery,
			Note:   "Kafka keeps only the last event of a key, as it is told to. Do not compact a topic of events.",
		},
	}
}
