package sdktest

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/plugin/segmenttest"
)

const (
	eventTopic      = "rudderstack-events"
	deadLetterTopic = eventTopic + "-dead"
)

// withKafka are a front door that writes to Kafka, and the pipeline that sends from
// there to Segment.
type withKafka struct {
	brokers *kfake.Cluster
	door    *frontDoor
	sender  *frontDoor
}

func startWithKafka(t *testing.T, segment string) *withKafka {
	t.Helper()
	brokers, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(4, eventTopic, deadLetterTopic))
	require.NoError(t, err)
	t.Cleanup(brokers.Close)
	k := &withKafka{
		brokers: brokers,
		door:    newFrontDoorOf(t, "gateway_kafka.yaml", segment),
		sender:  newFrontDoorOf(t, "kafka_rudderstack.yaml", segment),
	}
	k.sender.url = k.sender.admin // Nobody sends to it.
	for _, d := range []*frontDoor{k.door, k.sender} {
		d.env = append(d.env, "KAFKA_BROKERS="+strings.Join(brokers.ListenAddrs(), ","), "KAFKA_TOPIC="+eventTopic)
		d.open()
	}
	return k
}

// post sends events as a program without an SDK does.
func (d *frontDoor) post(body string) *http.Response {
	d.t.Helper()
	req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, d.url+"/v1/batch", strings.NewReader(body))
	require.NoError(d.t, err)
	req.SetBasicAuth(writeKey, "")
	req.Header.Set("AnonymousId", "dTE=") // as SDKs of RudderStack do
	resp, err := http.DefaultClient.Do(req)
	require.NoError(d.t, err)
	require.NoError(d.t, resp.Body.Close())
	return resp
}

// The two pipelines of config/ that belong together. What the front door knows of an
// event goes along in its record, and a person's events stay in order.
func TestEverySDKsCallsReachSegmentByKafka(t *testing.T) {
	server := segmenttest.New(t)
	k := startWithKafka(t, server.URL)
	visits := everybody(t, k.door.url)
	for range 3 {
		for i := range visits {
			visits[i].next()
		}
	}
	await(t, server, visits...)
	for _, v := range visits {
		v.leave()
	}
	k.door.checkAll(server, visits, untilARetry, func(s sdk) []segmenttest.Call { return callsOf(server, s) })
	assert.Zero(t, server.Summary().Duplicates)
}

func TestABadEventOfTheFrontDoorEndsInTheTopicOfDeadLetters(t *testing.T) {
	server := segmenttest.New(t)
	k := startWithKafka(t, server.URL)
	// These integrations are destinations of RudderStack. The request told so, and the
	// output learns it from a header of the record.
	assert.Equal(t, http.StatusOK, k.door.post(`{"batch":[
		{"type":"track","userId":"u1","event":"E","messageId":"m1","context":{"library":{"name":"analytics-go"}},"integrations":{"All":true,"Amplitude":{"n":1}}},
		{"type":"track","userId":"u1","messageId":"m2"}
	]}`).StatusCode)
	calls := server.Wait(1)
	assert.Equal(t, "E", calls[0].Name)
	assert.NotContains(t, string(calls[0].Raw), "Amplitude")

	client, err := kgo.NewClient(kgo.SeedBrokers(k.brokers.ListenAddrs()...), kgo.ConsumeTopics(deadLetterTopic))
	require.NoError(t, err)
	defer client.Close()
	dead := client.PollFetches(t.Context()).Records()
	require.Len(t, dead, 1)
	assert.Contains(t, string(dead[0].Value), `"messageId":"m2"`)
	headers := map[string]string{}
	for _, h := range dead[0].Headers {
		headers[h.Key] = string(h.Value)
	}
	assert.Equal(t, "event_not_defined", headers["dead_letter_reason"])
	assert.NotContains(t, string(dead[0].Value)+headers["segment_write_key"], writeKey)
}

// An SDK that is told so sends again.
func TestWhileTheBrokersAreAwayNothingIsAccepted(t *testing.T) {
	k := startWithKafka(t, segmenttest.New(t).URL)
	k.brokers.Close()
	resp := k.door.post(`{"batch":[{"type":"track","userId":"u1","event":"E"}]}`)
	assert.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Retry-After"))
}
