// Sends calls to Segment from inside a Go program: the segment output runs in
// a stream of its own, and the program hands it one event at a time.
//
//	benthos-segment sandbox                  (one terminal)
//	go run ./examples/stream-builder         (another one)
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"

	_ "github.com/redpanda-data/benthos/v4/public/components/pure"

	_ "benthos-segment/plugin"
)

// The period is how long a call may wait for others to share its request, and
// its sender waits with it, so it is short here. A program that embeds the output
// prefers an error over waiting until somebody fixes a refused write key, hence
// reject.
const output = `
segment:
  write_key: "${SEGMENT_WRITE_KEY:stream-builder-write-key}"
  endpoint: "${SEGMENT_ENDPOINT:http://127.0.0.1:8765}"
  on_setup_error: reject
  retry: { max_elapsed_time: 30s }
  batching: { count: 500, period: 20ms }
`

// stopWithin bounds the end: what is on its way has that long to arrive.
const stopWithin = 20 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// Event is one event in the form that Segment's and RudderStack's SDKs write.
type Event struct {
	Type       string         `json:"type"`
	UserID     string         `json:"userId"`
	Event      string         `json:"event,omitempty"`
	Timestamp  time.Time      `json:"timestamp"`
	Properties map[string]any `json:"properties,omitempty"`
	Traits     map[string]any `json:"traits,omitempty"`
}

// run sends a few events, the last of which is invalid, and stops the stream when
// all of them are answered.
func run(ctx context.Context) error {
	builder := service.NewStreamBuilder()
	if err := builder.SetLoggerYAML("level: WARN"); err != nil {
		return err
	}
	if err := builder.AddOutputYAML(output); err != nil {
		return err
	}
	send, err := builder.AddProducerFunc()
	if err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}

	// The stream has to outlive ctx, or what is on its way would be cut off
	// before StopWithin could wait for it.
	ended := make(chan error, 1)
	go func() { ended <- stream.Run(context.WithoutCancel(ctx)) }()

	sendErr := sendAll(ctx, send)
	if err := stream.StopWithin(stopWithin); err != nil {
		return errors.Join(sendErr, fmt.Errorf("stopping the stream: %w", err))
	}
	return errors.Join(sendErr, <-ended)
}

func sendAll(ctx context.Context, send service.MessageHandlerFunc) error {
	now := time.Now().UTC()
	events := []Event{
		{Type: "identify", UserID: "cus_7001", Timestamp: now, Traits: map[string]any{"plan": "wholesale"}},
		{Type: "track", UserID: "cus_7001", Timestamp: now, Event: "Tea Brewed", Properties: map[string]any{"steep_seconds": 150}},
		{Type: "track", UserID: "cus_7001", Timestamp: now}, // has no name
	}
	for _, event := range events {
		payload, err := json.Marshal(event)
		if err != nil {
			return err
		}
		// Returns when Segment has the call, or says why it never will.
		switch err := send(ctx, service.NewMessage(payload)); {
		case err == nil:
			fmt.Printf("sent     %s %s\n", event.Type, event.Event)
		case ctx.Err() != nil:
			return ctx.Err()
		default:
			fmt.Printf("refused  %s: %v\n", event.Type, err)
		}
	}
	return nil
}
