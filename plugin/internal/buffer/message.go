package buffer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/journal"
	"benthos-segment/plugin/internal/alike"
)

// eventsOf reads what is kept of messages.
func eventsOf(batch service.MessageBatch) ([]journal.Event, error) {
	var lists metadata
	events := make([]journal.Event, len(batch))
	for i, message := range batch {
		content, err := contentOf(message)
		if err != nil {
			return nil, fmt.Errorf("message %d of %d cannot be stored: %w", i+1, len(batch), err)
		}
		events[i] = journal.Event{Content: content, Metadata: lists.of(message)}
		if failure := message.GetError(); failure != nil {
			events[i].Failure = failure.Error()
		}
	}
	return events, nil
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

// messagesOf makes messages again.
func messagesOf(events []journal.Event) service.MessageBatch {
	var maker alike.Maker[origin]
	batch := make(service.MessageBatch, len(events))
	for i := range events {
		e := &events[i]
		message, isFirst := maker.Message(e.Content, originOf(e))
		if isFirst {
			describe(message, e)
		}
		batch[i] = message
	}
	return batch
}

func describe(message *service.Message, e *journal.Event) {
	for _, field := range e.Metadata {
		message.MetaSetMut(field.Name, field.Value)
	}
	if e.Failure != "" {
		message.SetError(errors.New(e.Failure))
	}
}

// origin tells apart what events have beside their content: by where the list of
// their metadata is, because to compare it costs more than to set it.
type origin struct {
	list    *journal.Field
	failure string
}

func originOf(e *journal.Event) origin {
	o := origin{failure: e.Failure}
	if len(e.Metadata) > 0 {
		o.list = &e.Metadata[0]
	}
	return o
}
