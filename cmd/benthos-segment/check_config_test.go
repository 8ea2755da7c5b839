package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// webhookPipeline has processors everywhere, and outputs that would write.
const webhookPipeline = `
input:
  http_server: {path: /hook}
  processors:
    - mapping: 'root = if this.kind == "ping" { deleted() }'
pipeline:
  processors:
    - resource: known
processor_resources:
  - label: known
    mapping: |
      root = this
      root.kind = if this.kind == "bad" { throw("no such kind") } else { this.kind }
output_resources:
  - label: to_segment
    segment:
      write_key: "${SEGMENT_TEST_KEY_NOT_SET}"
      mapping: |
        root = if this.kind == "note" { deleted() } else if this.kind == "order" {
          [
            {"type": "identify", "userId": this.customer},
            {"type": "track", "event": "Order " + @source, "userId": this.customer, "properties": this.order},
          ]
        }
    processors:
      - mapping: 'meta source = "Shop"'
output:
  fallback:
    - resource: to_segment
    - file: {path: $DEAD_LETTERS, codec: lines}
`

// The owner of a webhook checks what the webhook sends, and not what the pipeline
// makes of it.
func TestCheckRunsTheProcessorsAndTheMappingOfAPipeline(t *testing.T) {
	deadLetters := filepath.Join(t.TempDir(), "dead.ndjson")
	conf := pipeline(t, strings.ReplaceAll(webhookPipeline, "$DEAD_LETTERS", deadLetters))
	file := write(t, `{"kind":"order","customer":"c1","order":{"total":0.10}}
{"kind":"ping"}
{"kind":"note"}

{"kind":"order","order":{}}
{"kind":"bad"}
{"kind":
`)
	p := begin(t, "check", "--show", "--config", conf, file)
	assert.Equal(t, 1, p.code())
	calls := strings.Split(strings.TrimSpace(p.out.String()), "\n")
	require.Len(t, calls, 2, p.said())
	assert.Contains(t, calls[0], `"type":"identify"`)
	assert.Contains(t, calls[1], `"event":"Order Shop"`)
	for _, text := range []string{
		":2:1: skipped pipeline: ", ":3:1: skipped pipeline: ",
		":5:1: no_user_anon_id 0.userId: ", ":5:1: no_user_anon_id 1.userId: ",
		":6:1: note processor_failed: a processor failed on this event, which goes on all the same: failed assignment (line 2): no such kind\n",
		":6:1: unknown_type type: ", ":7:1: mapping_failed mapping: ",
		"6 events: 2 calls would be sent, 2 events skipped, 3 refused\n",
		"skipped: 2 events which the processors or the mapping of the pipeline drop\n",
		"skipped: 1 without an event",
	} {
		assert.Contains(t, p.err.String(), text)
	}
	assert.NoFileExists(t, deadLetters)
}

// An event that the pipeline leaves as it is keeps its places, and the output its
// settings.
func TestCheckTakesTheSettingsOfAPipelinesOutput(t *testing.T) {
	conf := pipeline(t, `
output:
  segment: {write_key: k, integrations: drop, max_call_bytes: 500}
`)
	long := `{"type":"page","userId":"u","name":"` + strings.Repeat("x", 500) + `"}`
	p := begin(t, "check", "--config="+conf, write(t, otherEvents+"\n"+`{"type":"page", "userId":[]}`+"\n"+long+"\n"))
	assert.Equal(t, 1, p.code())
	assert.Contains(t, p.said(), ":2:26: id_not_string userId: ")
	assert.Contains(t, p.said(), ":3:1: oversized_call: ")
	assert.Contains(t, p.said(), "3 events: 1 call would be sent, 0 events skipped, 2 refused")
}

func TestCheckSaysWhatIsWrongWithAPipeline(t *testing.T) {
	for name, test := range map[string]struct {
		conf string
		args []string
		says string
	}{
		"no output segment": {"output: {stdout: {}}", nil, "has no output segment"},
		"a wrong setting":   {"output: {segment: {write_key: k, integrations: al}}", nil, "value al is not a valid option for this field; benthos-segment lint "},
		"a wrong processor": {"pipeline: {processors: [{mapping: 'root ='}]}\noutput: {segment: {write_key: k}}", nil, "building the pipeline"},
		"no YAML":           {"output: [", nil, "reading --config"},
		"flags as well":     {"output: {segment: {write_key: k}}", []string{"--integrations", "drop"}, "--config brings the settings"},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, append([]string{"check", "--config", pipeline(t, test.conf), write(t, goodEvent)}, test.args...)...)
			assert.Equal(t, 2, p.code())
			assert.Contains(t, p.err.String(), test.says)
			assert.Empty(t, p.out.String())
		})
	}
	p := begin(t, "check", "--config", "absent.yaml", write(t, goodEvent))
	assert.Equal(t, 2, p.code())
	assert.Contains(t, p.err.String(), "reading --config: open absent.yaml")
}

// Every pipeline that we ship can be checked against, without its environment and
// without its brokers.
func TestEventsAreCheckedAgainstEveryPipelineThatWeShip(t *testing.T) {
	pipelines, err := filepath.Glob(filepath.Join(repository, "config", "*.yaml"))
	require.NoError(t, err)
	checked := 0
	for _, path := range pipelines {
		text, err := os.ReadFile(path)
		require.NoError(t, err)
		if !strings.Contains(string(text), "segment:\n        write_key") && !strings.Contains(string(text), "segment:\n    write_key") {
			continue
		}
		checked++
		t.Run(filepath.Base(path), func(t *testing.T) {
			t.Parallel()
			file := write(t, goodEvent)
			whole, err := filepath.Abs(path)
			require.NoError(t, err)
			p := beginIn(t, repository, "check", "--config", whole, file)
			assert.Less(t, p.code(), 2, lazily(p.said))
			assert.Contains(t, p.out.String(), "1 event: ", lazily(p.said))
		})
	}
	assert.Greater(t, checked, 5)
}
