package cookbook

import (
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
)

const deadTopic = "events-dead"

// firstRecord is the time of the first record of a topic; the others are a minute
// apart.
var firstRecord = time.Date(2026, 3, 14, 9, 0, 0, 0, time.UTC)

// fill starts a Kafka with a topic that has these records, and a client that reads
// dead letters.
func (k *kitchen) fill(topic string, values ...[]byte) *kgo.Client {
	k.Helper()
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic, deadTopic))
	require.NoError(k, err)
	k.Cleanup(cluster.Close)
	client, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics(deadTopic))
	require.NoError(k, err)
	k.Cleanup(client.Close)
	for i, value := range values {
		record := &kgo.Record{Topic: topic, Value: value, Timestamp: firstRecord.Add(time.Duration(i) * time.Minute)}
		require.NoError(k, client.ProduceSync(k.Context(), record).FirstErr())
	}
	k.environment["KAFKA_BROKERS"] = strings.Join(cluster.ListenAddrs(), ",")
	return client
}

// filled is fill with the lines of the recipe's input.
func (k *kitchen) filled(topic string) *kgo.Client {
	k.Helper()
	var values [][]byte
	for _, line := range k.lines("input.ndjson") {
		values = append(values, []byte(line))
	}
	return k.fill(topic, values...)
}

// deadRecord waits for a dead letter and asserts its reason.
func (k *kitchen) deadRecord(client *kgo.Client, reason string) *kgo.Record {
	k.Helper()
	return k.deadRecords(client, reason)[0]
}

// deadRecords waits for dead letters, and asserts their reasons.
func (k *kitchen) deadRecords(client *kgo.Client, reasons ...string) (records []*kgo.Record) {
	k.Helper()
	var got []string
	for len(records) < len(reasons) {
		fetches := client.PollFetches(k.Context())
		require.NoError(k, fetches.Err())
		records = append(records, fetches.Records()...)
	}
	for _, record := range records {
		headers := make(map[string]string)
		for _, header := range record.Headers {
			headers[header.Key] = string(header.Value)
		}
		got = append(got, headers["dead_letter_reason"])
		assert.NotEmpty(k, headers["dead_letter_sentence"])
	}
	assert.ElementsMatch(k, reasons, got)
	return records
}

func fromSnowplow(k *kitchen) {
	client := k.filled("enriched-json")
	k.start()
	k.sandbox.Wait(4)
	dead := k.deadRecord(client, "no_user_anon_id")
	assert.Equal(k, k.lines("input.ndjson")[5], string(dead.Value))
	k.compare()
}

func replayed(k *kitchen) {
	client := k.filled("events")
	k.environment["KAFKA_GROUP"] = "replay-1"
	k.environment["FROM"] = "2026-03-14T09:01:00Z"
	k.environment["TO"] = "2026-03-14T09:04:00Z"
	k.environment["REPLAY"] = "replay-1:"
	k.start()
	k.sandbox.Wait(2)
	dead := k.deadRecord(client, "event_not_defined")
	assert.Equal(k, k.lines("input.ndjson")[3], string(dead.Value))
	k.compare()
}
