// Package sender holds the senders that are written in Go, other than ours:
// the SDKs of Segment and of RudderStack, and the floor below which no sender
// can go. Each runs in a process of its own and reads the corpus.
package sender

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"time"
)

// Settings are what can be chosen for a sender. Zero values are the sender's
// own defaults.
type Settings struct {
	Endpoint  string
	File      string
	BatchSize int
	NoGzip    bool
	// IdleConnections is how many connections are kept open between requests.
	IdleConnections int
	// ReadOnly decodes the events and sends none.
	ReadOnly bool
}

// members are what the calls of both SDKs have in common. Context is the SDK's
// own type.
type members[Context any] struct {
	Type              string         `json:"type"`
	MessageID         string         `json:"messageId"`
	UserID            string         `json:"userId"`
	AnonymousID       string         `json:"anonymousId"`
	Event             string         `json:"event"`
	Name              string         `json:"name"`
	GroupID           string         `json:"groupId"`
	PreviousID        string         `json:"previousId"`
	Timestamp         time.Time      `json:"timestamp"`
	OriginalTimestamp time.Time      `json:"originalTimestamp"`
	Context           *Context       `json:"context"`
	Properties        map[string]any `json:"properties"`
	Traits            map[string]any `json:"traits"`
	Integrations      map[string]any `json:"integrations"`
}

// when is the time of the event, as well as an SDK can be told of it.
func (m *members[Context]) when() time.Time {
	if m.Timestamp.IsZero() {
		return m.OriginalTimestamp
	}
	return m.Timestamp
}

// screenName is where the mobile SDKs put it.
func (m *members[Context]) screenName() string {
	if m.Name == "" {
		return m.Event
	}
	return m.Name
}

// each decodes every event of a file of lines.
func each[Context any](path string, do func(*members[Context]) error) error {
	const longestLine = 1 << 20
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, longestLine), longestLine)
	for lines.Scan() {
		var event members[Context]
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return fmt.Errorf("decoding an event: %w", err)
		}
		if err := do(&event); err != nil {
			return fmt.Errorf("handing over an event: %w", err)
		}
	}
	return lines.Err()
}
