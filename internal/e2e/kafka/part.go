package kafka

import (
	"context"
	"fmt"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
)

var (
	one       = options{jars: needs.Kafka4, size: 1}
	three     = options{jars: needs.Kafka4, size: 3}
	oneOf39   = options{jars: needs.Kafka3, size: 1}
	threeOf39 = options{jars: needs.Kafka3, size: 3}
)

// Part is the current Kafka.
var Part = trial.Part{
	Name:     "kafka",
	Needs:    []needs.Need{needs.Java, needs.Kafka4},
	Versions: versions(needs.Kafka4),
	Rounds:   rounds(one, three),
}

// Part39 is the last Kafka before 4, with the same rounds, half as often.
var Part39 = trial.Part{
	Name:     "kafka-3.9",
	Needs:    []needs.Need{needs.Java, needs.Kafka3},
	Versions: versions(needs.Kafka3),
	Rounds:   halved(rounds(oneOf39, threeOf39)),
}

func halved(rounds []trial.Round) []trial.Round {
	for i := range rounds {
		rounds[i].Times = (rounds[i].Times + 1) / 2
	}
	return rounds
}

func versions(jars needs.Jars) func(context.Context) string {
	return func(ctx context.Context) string {
		return fmt.Sprintf("Apache Kafka %s in KRaft mode, Java %s", jars.Version("kafka_2.13"), javaVersion(ctx))
	}
}
