package buffer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/journal"
)

// eventsOf reads what is kept of messages.
func eventsOf(batch service.MessageBatch) ([]journal.Event, error) {
	events := make([]journal.Event, len(batch))
	for i, message := range batch {
		var err error
		if events[i], err = eventOf(message); err != nil {
			return nil, fmt.Errorf("message %d of %d cannot be stored: %w", i+1, len(batch), err)
		}
	}
	return events, nil
}

func eventOf(message *service.Message) (e journal.Event, err error) {
	if e.Content, err = contentOf(message); err != nil {
		return e, err
	}
	if failure := message.GetError(); failure != nil {
		e.Failure = failure.Error()
	}
	err = message.MetaWalkMut(func(name string, value any) error {
		e.Metadata = append(e.Metadata, journal.Field{Name: name, Value: storable(value)})
		return nil
	})
	return e, err
}

// contentOf is the content as bytes. The engine makes nothing of a structure
// that it cannot encode, and says no word.
func contentOf(message *service.Message) ([]byte, error) {
	content, err := message.AsBytes()
	if err != nil || len(content) > 0 || message.HasBytes() || !message.HasStructured() {
		return content, err
	}
	structure, err := message.AsStructured()
	if err != nil {
		return nil, err
	}
	return json.Marshal(structure)
}

// storable turns what only plugins put into metadata into its text.
func storable(value any) any {
	if journal.CanStore(value) {
		return value
	}
	return bloblang.ValueToString(value)
}

// messagesOf makes messages again.
func messagesOf(events []journal.Event) service.MessageBatch {
	batch := make(service.MessageBatch, len(events))
	for i, e := range events {
		message := service.NewMessage(e.Content)
		for _, field := range e.Metadata {
			message.MetaSetMut(field.Name, field.Value)
		}
		if e.Failure != "" {
			message.SetError(errors.New(e.Failure))
		}
		batch[i] = message
	}
	return batch
}
