package doctor

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// testEventName is what the debugger of the source shows.
const testEventName = "benthos-segment doctor"

// noMatter are the fields that a test event goes without: they are about the
// events of the pipeline, or need its resources.
var noMatter = []string{"mapping", "message_id", "rate_limit", "consent", "tracking_plan", "verify", "batching"}

// testEvent sends one event through the output itself, which does not wait for a
// set-up error to go away.
func (e *examination) testEvent(ctx context.Context, o output) {
	const check = "test event"
	if key, _ := o.fields[fieldWriteKey].(string); strings.Contains(key, "${!") {
		e.say(check, o.about(), warning, "none is sent, because the write key comes with each message", "send one with benthos-segment send")
		return
	}
	if err := send(ctx, o); err != nil {
		e.say(check, o.about(), wrong, "it was not accepted: "+err.Error(), "")
		return
	}
	e.say(check, o.about(), good, fmt.Sprintf("it was accepted; look for %q in the debugger of the source, because Segment accepts wrong write keys, too", testEventName), "")
}

func send(ctx context.Context, o output) error {
	fields := maps.Clone(o.fields)
	for _, name := range noMatter {
		delete(fields, name)
	}
	fields["on_setup_error"] = "reject"
	fields["retry"] = map[string]any{"max_elapsed_time": patience.String()}
	text, err := yaml.Marshal(map[string]any{"segment": fields})
	if err != nil {
		return err
	}
	builder := service.NewStreamBuilder()
	if err := builder.SetLoggerYAML("level: off"); err != nil {
		return err
	}
	produce, err := builder.AddProducerFunc()
	if err != nil {
		return err
	}
	if err := builder.AddOutputYAML(string(text)); err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = stream.Run(ctx)
	}()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	err = produce(ctx, service.NewMessage(fmt.Appendf(nil,
		`{"type":"track","event":%q,"anonymousId":"benthos-segment-doctor","timestamp":%q}`,
		testEventName, time.Now().UTC().Format(time.RFC3339Nano))))
	_ = stream.StopWithin(patience)
	<-ended
	return err
}
