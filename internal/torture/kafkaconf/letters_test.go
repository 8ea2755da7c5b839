package kafkaconf

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// What was refused is sent after a fix, under the ids that it would have had, and
// what is refused again goes on.
func TestDeadLettersAreSentAgainAfterAFix(t *testing.T) {
	t.Parallel()
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead", "rudderstack-events-dead-again"}, nil)
	sb, env := sandbox(t, b, nil)
	const nobody = `{"type":"track","event":"E"}`
	b.put(t, "rudderstack-events", record(nameless), record(nobody), record("not JSON"), record(good))
	first := run(t, "kafka_rudderstack.yaml", env)
	letters := b.take(t, "rudderstack-events-dead", 3)
	first.stop()
	assert.Len(t, sb.Calls(), 1)
	sb.Reset()

	again := run(t, "kafka_dead_letters.yaml", env)

	again.arrived(sb, 1)
	call := sb.Calls()[0]
	assert.Equal(t, "Unnamed", call.Name)
	assert.Contains(t, string(call.Raw), `"total":19.90`)
	refused := b.take(t, "rudderstack-events-dead-again", 2)
	for i, want := range []string{nobody, "not JSON"} {
		assert.Equal(t, want, string(refused[i].Value))
		assert.Equal(t, headers(letters[i+1]), headers(refused[i]), "reason and origin of the first time")
		assert.Equal(t, letters[i+1].Timestamp, refused[i].Timestamp)
	}
	again.await("nothing is left", func() bool {
		return strings.Contains(again.page("/metrics"), `topic="rudderstack-events-dead"} 0`)
	})
}

func TestOnlyLettersWithOneReasonAreSentAgain(t *testing.T) {
	t.Parallel()
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead", "rudderstack-events-dead-again"}, nil)
	sb, env := sandbox(t, b, map[string]string{"ONLY_REASON": "event_not_defined"})
	b.put(t, "rudderstack-events", record("not JSON"), record(nameless))
	first := run(t, "kafka_rudderstack.yaml", env)
	b.take(t, "rudderstack-events-dead", 2)
	first.stop()

	again := run(t, "kafka_dead_letters.yaml", env)

	again.arrived(sb, 1)
	again.await("nothing is left", func() bool {
		return strings.Contains(again.page("/metrics"), `topic="rudderstack-events-dead"} 0`)
	})
	assert.NotRegexp(t, rejected, again.page("/metrics"))
}

// Dead letters of all pipelines that read Kafka are in a topic: a file is lost with
// its pod.
func TestDeadLettersOfTwoSourcesNameTheirSource(t *testing.T) {
	t.Parallel()
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead"}, nil)
	_, env := sandbox(t, b, map[string]string{"SEGMENT_WRITE_KEY_PRODUCT": "product-key", "SEGMENT_WRITE_KEY_MARKETING": "marketing-key"})
	b.put(t, "rudderstack-events", record(nameless))
	run(t, "two_sources.yaml", env)

	sources := map[string]string{}
	for _, letter := range b.take(t, "rudderstack-events-dead", 2) {
		assert.Equal(t, nameless, string(letter.Value))
		sources[headers(letter)["dead_letter_source"]] = headers(letter)["dead_letter_reason"]
	}
	assert.Equal(t, map[string]string{"product": "event_not_defined", "marketing": "event_not_defined"}, sources)
}

// A pipeline that reads no Kafka may still keep its dead letters there.
func TestTheDeadLettersOfAWebhookAreInATopicWhereThatIsWanted(t *testing.T) {
	t.Parallel()
	b := startBroker(t, []string{"webhook-dead"}, nil)
	address := freeAddress(t)
	_, env := sandbox(t, b, map[string]string{"DEAD_LETTERS_TO": "topic", "WEBHOOK_ADDRESS": address, "WEBHOOK_TOKEN": "open-sesame"})
	p := run(t, "webhook.yaml", env)
	const unheard = `{"id":"evt_3","kind":"unheard-of"}`
	p.await("it is taken", func() bool {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+address+"/webhook", strings.NewReader(unheard))
		require.NoError(t, err)
		req.Header.Set("Authorization", "Bearer open-sesame")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			return false // it does not listen yet
		}
		defer res.Body.Close()
		return res.StatusCode == http.StatusOK
	})

	letter := b.take(t, "webhook-dead", 1)[0]
	assert.Equal(t, unheard, string(letter.Value))
	assert.Equal(t, "mapping_failed", headers(letter)["dead_letter_reason"])
}

func TestWhatBreaksThePlanIsInATopic(t *testing.T) {
	t.Parallel()
	b := startBroker(t, []string{"events", "events-dead"}, nil)
	_, env := sandbox(t, b, nil)
	const unplanned = `{"type":"track","userId":"u4","event":"Order Paid"}`
	b.put(t, "events", record(unplanned))
	run(t, "governed.yaml", env)

	letter := b.take(t, "events-dead", 1)[0]
	assert.Equal(t, unplanned, string(letter.Value))
	assert.Equal(t, "unplanned", headers(letter)["dead_letter_reason"])
}
