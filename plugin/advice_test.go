package plugin_test

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"encoding/base64"
	"html"
	"net/url"
	"regexp"
	"strconv"
	"testing"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// advised is the mapping that a dead letter advises.
var advised = regexp.MustCompile("mapping `(root = [^`]*)`")

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.String()
}

func zlibbed(t *testing.T, text string) string {
	t.Helper()
	var packed bytes.Buffer
	w := zlib.NewWriter(&packed)
	_, err := w.Write([]byte(text))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return packed.String()
}

// What a dead letter advises is tried: with the mapping set, the same message
// is sent. Wrapped events had the advice to throw them away.
func TestTheMappingThatADeadLetterAdvisesHelps(t *testing.T) {
	const event = `{"type":"track","userId":"u","event":"Order \"Done\"","messageId":"m1"}`
	text, inBase64 := strconv.Quote(event), base64.StdEncoding.EncodeToString([]byte(event))
	escaped := strconv.Quote(event)
	for name, payload := range map[string]string{
		"payload":             `{"payload":` + event + `}`,
		"detail":              `{"version":"0","detail-type":"x","detail":` + event + `}`,
		"data":                `{"type":"com.example.event","data":` + event + `}`,
		"message as text":     `{"message":` + text + `}`,
		"body in records":     `{"Records":[{"body":` + text + `}]}`,
		"event":               `{"event":` + event + `}`,
		"batch":               `{"batch":[` + event + `]}`,
		"batch as text":       `{"body":` + strconv.Quote(`{"batch":[`+event+`]}`) + `}`,
		"batches":             `{"messages":[{"batch":[` + event + `]},{"batch":[]}]}`,
		"batches in an array": `[{"batch":[` + event + `]},{"batch":[]}]`,
		"after in payload":    `{"payload":{"after":` + event + `}}`,
		"base64 in data":      `{"message":{"data":"` + inBase64 + `"}}`,
		"_source":             `{"_source":` + event + `}`,
		"elements":            `[{"value":` + event + `}]`,
		"elements of text":    `[` + text + `]`,
		"array in array":      `[[` + event + `]]`,
		"text":                text,
		"gzip":                gzipped(t, event),
		"zlib":                zlibbed(t, event),
		"base64":              inBase64,
		"URL":                 url.QueryEscape(event),
		"HTML":                html.EscapeString(event),
		"escaped quotes":      escaped[1 : len(escaped)-1],
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.New(t)
			p := start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL)))
			p.accept(service.MessageBatch{service.NewMessage([]byte(payload))})
			require.Empty(t, sb.Calls())
			require.Len(t, p.dead.Reasons(), 1)
			mapping := advised.FindStringSubmatch(p.dead.Reasons()[0])
			require.NotNil(t, mapping, p.dead.Reasons()[0])

			p = start(t, streamtest.WithDeadLetter(segmentOutput(sb.URL, fields{"mapping": mapping[1]})))
			p.accept(service.MessageBatch{service.NewMessage([]byte(payload))})

			assert.Empty(t, p.dead.Reasons())
			require.Len(t, sb.Calls(), 1)
			assert.Equal(t, `Order "Done"`, sb.Calls()[0].Name)
			assert.Equal(t, "m1", sb.Calls()[0].MessageID)
		})
	}
}
