package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// deadLetters makes an event that could not be sent one that tells why.
const deadLetters = `root = @fallback_error.segment_dead_letter(content())`

// output hands batches to the output segment and its dead letters. So an event
// that is refused costs only itself, although all that a plugin can tell Redpanda
// Connect is that a batch has failed.
type output struct {
	resources *service.Resources
	end       func(context.Context) error
}

var _ service.BatchOutput = (*output)(nil)

func newOutput(config any) (service.BatchOutput, int, service.BatchPolicy, error) {
	fields, isMap := config.(map[string]any)
	if !isMap {
		return nil, 0, service.BatchPolicy{}, fmt.Errorf("output %s: want fields, got %T", outputName, config)
	}
	policy, err := policyFrom(fields)
	if err != nil {
		return nil, 0, policy, err
	}
	conf, err := insideOf(fields)
	if err != nil {
		return nil, 0, policy, err
	}
	o, err := start(conf)
	return o, 1, policy, err
}

// insideOf returns the config of what the batches are handed to.
func insideOf(fields map[string]any) (string, error) {
	letters, _ := fields[fieldDeadLetter].(map[string]any)
	if len(letters) == 0 {
		return "", fmt.Errorf("field %s: set the output for events that can never be sent, such as {file: {path: dead_letters.ndjson, codec: lines}}: "+
			"a plugin cannot tell Redpanda Connect which events of a batch have failed", fieldDeadLetter)
	}
	letters = maps.Clone(letters)
	if _, exists := letters["processors"]; !exists {
		letters["processors"] = []any{map[string]any{"mapping": deadLetters}}
	}
	segment := map[string]any{}
	for name, value := range fields {
		if name != fieldDeadLetter && !isEmpty(value) {
			segment[name] = value
		}
	}
	for _, name := range leftOut {
		if _, exists := segment[name]; exists {
			return "", fmt.Errorf("field %s: a dynamic plugin does not have it", name)
		}
	}
	segment[fieldMaxInFlight] = 1
	// Batches go on as they come: they were gathered before.
	segment[fieldBatching] = map[string]any{"count": 1}
	text, err := yaml.Marshal(map[string]any{"label": outputName, "fallback": []any{map[string]any{outputName: segment}, letters}})
	if err != nil {
		return "", fmt.Errorf("writing the config: %w", err)
	}
	return string(text), nil
}

func start(conf string) (*output, error) {
	builder := service.NewResourceBuilder()
	// Redpanda Connect logs what its plugins say, with a time of its own.
	builder.SetLogger(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{
		ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
			if len(groups) == 0 && a.Key == slog.TimeKey {
				return slog.Attr{}
			}
			return a
		},
	})))
	// What Redpanda Connect hands over has no variables any more.
	builder.SetEnvVarLookupFunc(func(context.Context, string) (string, bool) { return "", false })
	if err := lint(conf); err != nil {
		return nil, err
	}
	builder.DisableLinting() // It has found nothing.
	if err := builder.AddOutputYAML(conf); err != nil {
		return nil, err
	}
	resources, end, err := builder.Build()
	if err != nil {
		return nil, err
	}
	return &output{resources: resources, end: end}, nil
}

// lint finds what is wrong with a config. Nobody has seen its lines, so it shows
// the one that it speaks of.
func lint(conf string) error {
	lints, err := service.GlobalEnvironment().NewComponentConfigLinter().LintOutputYAML([]byte(conf))
	if err != nil {
		return err
	}
	lines := strings.Split(conf, "\n")
	var found []error
	for _, l := range lints {
		at := min(max(l.Line, 1), len(lines)) - 1
		found = append(found, fmt.Errorf("at %q: %s", strings.TrimLeft(lines[at], " -"), l.What))
	}
	return errors.Join(found...)
}

// Connect has nothing to do: what is inside connects by itself.
func (o *output) Connect(context.Context) error { return nil }

// WriteBatch returns when each event is accepted by Segment or is a dead
// letter.
func (o *output) WriteBatch(ctx context.Context, batch service.MessageBatch) error {
	var failed error
	err := o.resources.AccessOutput(ctx, outputName, func(inside *service.ResourceOutput) {
		failed = inside.WriteBatch(ctx, batch)
	})
	return errors.Join(err, failed)
}

// Close gives up what is under way once the context ends. It comes again.
func (o *output) Close(ctx context.Context) error { return o.end(ctx) }

// How Redpanda Connect gathers batches, unless somebody says otherwise.
const (
	usualBatchBytes = 3_000_000
	usualBatchCount = 1000
	usualPeriod     = "100ms"
)

// policyFrom returns how Redpanda Connect gathers batches.
func policyFrom(fields map[string]any) (service.BatchPolicy, error) {
	conf, _ := fields[fieldBatching].(map[string]any)
	parsed := struct {
		Count    int    `yaml:"count"`
		ByteSize int    `yaml:"byte_size"`
		Period   string `yaml:"period"`
		Check    string `yaml:"check"`
	}{Count: usualBatchCount, ByteSize: usualBatchBytes, Period: usualPeriod}
	known := []string{"count", "byte_size", "period", "check"}
	set := make(map[string]any, len(conf))
	for name, value := range conf {
		if isEmpty(value) {
			continue // Without a period, the last events of all would wait for ever.
		}
		if !slices.Contains(known, name) {
			return service.BatchPolicy{}, fmt.Errorf("field %s.%s: a dynamic plugin does not have it; it has %v", fieldBatching, name, known)
		}
		set[name] = value
	}
	text, err := yaml.Marshal(set)
	if err != nil {
		return service.BatchPolicy{}, fmt.Errorf("field %s: %w", fieldBatching, err)
	}
	if err := yaml.Unmarshal(text, &parsed); err != nil {
		return service.BatchPolicy{}, fmt.Errorf("field %s: %w", fieldBatching, err)
	}
	if parsed.ByteSize < 1 {
		return service.BatchPolicy{}, fmt.Errorf("field %s.byte_size: want 1 or more, got %d", fieldBatching, parsed.ByteSize)
	}
	if parsed.Count < 1 {
		return service.BatchPolicy{}, fmt.Errorf("field %s.count: want 1 or more, got %d", fieldBatching, parsed.Count)
	}
	return service.BatchPolicy{Count: parsed.Count, ByteSize: parsed.ByteSize, Period: parsed.Period, Check: parsed.Check}, nil
}
