// Package streamtest holds what tests of Benthos streams share: the configs of
// outputs, a log that can be searched, an output that keeps dead letters, and a
// metrics exporter that adds up.
package streamtest

import (
	"encoding/json"
	"maps"
)

// Fields are those of a component in a config.
type Fields map[string]any

// YAML writes a config as JSON, which is YAML, too. It panics if a value cannot
// be written.
func YAML(conf Fields) string {
	text, err := json.Marshal(conf)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// SegmentOutput is the config of an output that sends each batch as it comes,
// and tries again at once. Later fields replace earlier ones.
func SegmentOutput(writeKey, endpoint string, more ...Fields) string {
	all := Fields{
		"write_key": writeKey,
		"endpoint":  endpoint,
		"batching":  Fields{"count": 1},
		"retry":     Fields{"initial_interval": "1ms", "max_interval": "1ms"},
	}
	for _, m := range more {
		maps.Copy(all, m)
	}
	return YAML(Fields{"segment": all})
}

// WithDeadLetter puts an output first into a fallback, before DeadLetters.
func WithDeadLetter(output string) string {
	return `{"fallback": [` + output + `, {"dead_letter": {}}]}`
}
