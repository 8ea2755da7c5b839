package guarantees_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

const corpusDir = "../segment/testdata/corpus"

// badInput is a file of the corpus and what comes of it.
type badInput struct {
	file, outcome string
	payload       []byte
}

// corpus reads the files with the outcomes that the converter is tested for.
func corpus(t *testing.T) (items []badInput) {
	t.Helper()
	table, err := os.ReadFile(filepath.Join(corpusDir, "outcomes.tsv"))
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(table)), "\n")[1:] {
		columns := strings.Split(line, "\t")
		payload, err := os.ReadFile(filepath.Join(corpusDir, columns[0]))
		require.NoError(t, err)
		items = append(items, badInput{columns[0], columns[1], payload})
	}
	require.NotEmpty(t, items)
	return items
}

// proveBadInput: one bad message among 249 good ones costs nobody anything,
// and the dead letter says what it is.
func proveBadInput(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
	good := trial{calls: 249, people: 50}.givenCalls()
	for i, item := range corpus(t) {
		t.Run(item.file, func(t *testing.T) {
			sb.Reset()
			p.dead.Forget()
			batch := slices.Insert(messages(good), i%250, service.NewMessage(item.payload))

			require.NoError(t, p.send(t.Context(), batch))

			assert.Len(t, sb.Requests(), 1, "a local check costs no request")
			assert.Zero(t, sb.Summary().Duplicates)
			assert.Zero(t, sb.Summary().Discarded, "%v", sb.Summary().Violations)
			requireOrder(t, sb, good)
			for _, g := range good {
				assert.Len(t, sb.Calls(segmenttest.Filter{Match: segmenttest.Match{MessageID: g.id}}), 1)
			}
			requireOutcome(t, sb, p.dead.Letters(), item)
		})
	}
}

func requireOutcome(t *testing.T, sb *segmenttest.Server, letters []streamtest.Letter, item badInput) {
	t.Helper()
	var sent int
	switch {
	case strings.HasPrefix(item.outcome, "skipped"):
	case strings.HasSuffix(item.outcome, " sent"):
		_, err := fmt.Sscanf(item.outcome, "%d sent", &sent)
		require.NoError(t, err)
	default:
		require.Len(t, letters, 1)
		assert.Equal(t, string(item.payload), letters[0].Payload, "the dead letter has the message as it came")
		assert.Contains(t, letters[0].Reason, "segment "+item.outcome+": ")
		assert.Equal(t, 249, sb.Summary().Accepted)
		return
	}
	assert.Empty(t, letters)
	assert.Equal(t, 249+sent, sb.Summary().Accepted)
}

// A write key may come from metadata, which anybody may have written. It goes
// out in base64, so that none can add a header, and each is a source of its
// own.
func TestOddWriteKeysStayWithinTheirHeader(t *testing.T) {
	for name, key := range map[string]string{
		"a line break": "key\r\nX-Evil: 1", "NUL": "a\x00b", "not ASCII": "clé-🔑", "not UTF-8": "a\xff",
		"10 KB": strings.Repeat("k", 10<<10), "percent": "%0d%0a%00", "a blank": "a b", "quotes": `"'<script>`,
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"write_key": "${! @key }"})))
			batch := messages(trial{calls: 2, people: 2}.givenCalls())
			for _, msg := range batch {
				msg.MetaSetMut("key", key)
			}

			require.NoError(t, p.send(t.Context(), batch))

			require.Len(t, sb.Requests(), 1)
			// A colon ends the user of Basic authentication.
			user, _, _ := strings.Cut(key, ":")
			assert.Equal(t, user, sb.Requests()[0].WriteKey)
			assert.Empty(t, sb.Requests()[0].Header.Values("X-Evil"))
			assert.Equal(t, 2, sb.Summary().Accepted)
			p.stop(t)
			assert.NotContains(t, p.everythingSaid(), key)
		})
	}
}
