package main

import (
	"context"
	"fmt"
	"regexp"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"benthos-segment/internal/torture/topic"
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

func newTopic(ctx context.Context, brokers, name string) (*topic.Topic, error) {
	return topic.New(ctx, brokers, name, topic.Options{Partitions: partitions, Pipeline: "pipelines/kafka.yaml"})
}
