package segment_test

import (
	"encoding/base64"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

// A wrapped event had the advice to throw it away.
func TestAWrappedEventIsRefusedWithTheWayToUnwrapIt(t *testing.T) {
	const event = `{"type":"Track","userId":"u","event":"E"}`
	text := strconv.Quote(event)
	inBase64 := strconv.Quote(base64.StdEncoding.EncodeToString([]byte(event)))
	const missing, given = segment.ReasonBadRequest, segment.ReasonUnknownType
	rows := []struct {
		name, payload string
		reason        segment.Reason
		field         string
		mapping       string
	}{
		{"Debezium", `{"schema":{},"payload":{"op":"c","after":` + event + `}}`, missing, "payload", "this.payload.after"},
		// castorm/kafka-connect-http#19
		{"Kafka Connect, as text", `{"schema":{},"payload":{"value":` + text + `}}`, missing, "payload", "this.payload.value.parse_json()"},
		{"EventBridge", `{"version":"0","detail-type":"x","detail":` + event + `}`, missing, "detail", "this.detail"},
		{"CloudEvents", `{"specversion":"1.0","type":"com.example.event","data":` + event + `}`, given, "type", "this.data"},
		{"CloudEvents in base64", `{"specversion":"1.0","type":"com.example.event","data_base64":` + inBase64 + `}`, given, "type", `this.data_base64.decode("base64").parse_json()`},
		{"SQS", `{"Records":[{"messageId":"m","body":` + text + `}]}`, missing, "Records", "this.Records.map_each(e -> e.body.parse_json())"},
		{"SNS", `{"Type":"Notification","Message":` + text + `}`, missing, "Message", "this.Message.parse_json()"},
		{"Lambda of SNS", `{"Records":[{"Sns":{"Message":` + text + `}}]}`, missing, "Records", "this.Records.map_each(e -> e.Sns.Message.parse_json())"},
		{"Kinesis", `{"Records":[{"kinesis":{"data":` + inBase64 + `}}]}`, missing, "Records", `this.Records.map_each(e -> e.kinesis.data.decode("base64").parse_json())`},
		{"Pub/Sub", `{"message":{"data":` + inBase64 + `},"subscription":"s"}`, missing, "message", `this.message.data.decode("base64").parse_json()`},
		{"a log", `{"level":"info","message":` + text + `}`, missing, "message", "this.message.parse_json()"},
		{"Elasticsearch", `{"_index":"i","_source":` + event + `}`, missing, "_source", "this._source"},
		{"MongoDB", `{"operationType":"insert","fullDocument":` + event + `}`, missing, "fullDocument", "this.fullDocument"},
		{"a member called event", `{"event":` + event + `}`, missing, "event", "this.event"},
		{"a member called data", `{"data":` + event + `}`, missing, "data", "this.data"},
		{"a member called body, as text", `{"body":` + text + `}`, missing, "body", "this.body.parse_json()"},
		{"a type of null", `{"type":null,"value":` + event + `}`, missing, "value", "this.value"},
		{"an envelope", `{"batch":[` + event + `],"sentAt":"x"}`, missing, "batch", "this.batch"},
		{"an envelope as text", `{"body":` + strconv.Quote(`{"batch":[`+event+`]}`) + `}`, missing, "body", "this.body.parse_json().batch"},
		{"several envelopes", `{"messages":[{"batch":[` + event + `]}]}`, missing, "messages", "this.messages.map_each(e -> e.batch).flatten()"},
		{"text that was quoted twice", `{"body":` + strconv.Quote(text) + `}`, missing, "body", "this.body.parse_json().parse_json()"},
		{"an element", `[{"payload":` + event + `},{"payload":` + event + `}]`, missing, "0.payload", "this.map_each(e -> e.payload)"},
		{"an empty envelope", `{"batch":[],"sentAt":"x"}`, missing, "batch", "this.batch"},
		{"an empty envelope in an array", `[{"batch":[]}]`, missing, "0.batch", "this.map_each(e -> e.batch).flatten()"},
		{"an envelope in an array", `[{"batch":[` + event + `]}]`, missing, "0.batch", "this.map_each(e -> e.batch).flatten()"},
		{"an element of text", `[` + text + `]`, missing, "0", "this.map_each(e -> e.parse_json())"},
		{"an array in an array", `[[` + event + `]]`, missing, "0", "this.flatten()"},
		{"text", text, missing, "", "this.parse_json()"},
		{"text of an array", strconv.Quote("[" + event + "]"), missing, "", "this.parse_json()"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			v := refused(t, row.payload)
			assert.Equal(t, row.reason, v.Reason)
			assert.Equal(t, row.field, v.Field)
			assert.Contains(t, v.Sentence, "`root = "+row.mapping+"`")
			assert.NotContains(t, v.Sentence, "deleted()")
		})
	}
}

func TestOnlyAWrappedEventIsAdvisedToBeUnwrapped(t *testing.T) {
	for name, payload := range map[string]string{
		"no event":               `{"data":{"userId":"u"}}`,
		"a type of another kind": `{"data":{"type":"merge"}}`,
		"an unknown member":      `{"canary":{"type":"page"}}`,
		"broken text":            `{"data":"{\"type\":\"page\""}`,
		"text after text":        `{"data":"{\"type\":\"page\"}x"}`,
		"broken base64":          `{"data":"eyJ0eXBlIjoicGFnZSJ9="}`,
		"nothing":                `{}`,
		"an empty array":         `{"records":[]}`,
		"too many wrappers":      strings.Repeat(`{"data":`, 9) + `{"type":"page"}` + strings.Repeat(`}`, 9),
		"a type alone":           `{"type":"merge","userId":"u"}`,
	} {
		t.Run(name, func(t *testing.T) {
			v := refused(t, payload)
			assert.Equal(t, segment.ReasonUnknownType, v.Reason)
			assert.Equal(t, "type", v.Field)
			assert.NotContains(t, v.Sentence, "root =")
			assert.NotContains(t, v.Sentence, "canary")
		})
	}
}
