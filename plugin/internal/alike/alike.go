// Package alike makes messages that share their metadata with others of their
// batch that have the same: most events of a request do.
package alike

import "github.com/redpanda-data/benthos/v4/public/service"

// remembered is how many messages a Maker compares with: a few types of events from
// one client. Events of many clients have different metadata, and looking through
// all of it would cost more than it saves.
const remembered = 8

// Maker makes the messages of one batch. Its zero value is ready. The messages must
// not be changed before the last one was made.
type Maker[K comparable] struct {
	recent [remembered]example[K]
	count  int
}

type example[K comparable] struct {
	key     K
	message *service.Message
}

// Message makes a message. Two with the same key have the same metadata, which the
// caller sets where the message is the first of its kind.
func (m *Maker[K]) Message(content []byte, key K) (message *service.Message, isFirst bool) {
	for i := range min(m.count, remembered) {
		if m.recent[i].key == key {
			// The engine copies metadata that is shared when somebody changes it.
			message = m.recent[i].message.Copy()
			message.SetBytes(content)
			return message, false
		}
	}
	message = service.NewMessage(content)
	m.recent[m.count%remembered] = example[K]{key, message}
	m.count++
	return message, true
}
