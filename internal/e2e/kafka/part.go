package kafka

import (
	"context"
	"fmt"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/topic"
)

var (
	one     = options{jars: needs.Kafka4, size: 1}
	oneOf39 = options{jars: needs.Kafka3, size: 1}
)

// Part is the current Kafka.
var Part = trial.Part{
	Name:     "kafka",
	Needs:    []needs.Need{needs.Java, needs.Kafka4},
	Versions: versions(needs.Kafka4),
	Rounds: []trial.Round{
		{Name: "pipeline killed", Times: 5, Play: on(one, topic.Options{}, killed)},
		{Name: "broker killed", Times: 4, Play: on(one, topic.Options{}, disturbed(1, killBroker))},
		{Name: "broker killed, one in 100 events is a dead letter", Times: 2, Play: on(one, topic.Options{}, withDeadLetters(2, killBroker))},
		{Name: "broker killed, with TLS and SCRAM", Times: 2, Play: onSecure(one, disturbed(2, killBroker))},
		{Name: "disk of the broker full", Needs: []needs.Need{needs.Root}, Times: 2, Play: onTightDisk(one, disturbed(1, fill))},
	},
}

// Part39 is the last Kafka before 4.
var Part39 = trial.Part{
	Name:     "kafka-3.9",
	Needs:    []needs.Need{needs.Java, needs.Kafka3},
	Versions: versions(needs.Kafka3),
	Rounds: []trial.Round{
		{Name: "pipeline killed", Times: 3, Play: on(oneOf39, topic.Options{}, killed)},
		{Name: "broker killed", Times: 3, Play: on(oneOf39, topic.Options{}, disturbed(1, killBroker))},
		{Name: "broker killed, with TLS and SCRAM", Play: onSecure(oneOf39, disturbed(2, killBroker))},
	},
}

func versions(jars needs.Jars) func(context.Context) string {
	return func(ctx context.Context) string {
		return fmt.Sprintf("Apache Kafka %s in KRaft mode, Java %s", jars.Version("kafka_2.13"), javaVersion(ctx))
	}
}
