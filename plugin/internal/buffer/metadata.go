package buffer

import (
	"cmp"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/journal"
)

// metadata makes the lists of the messages of a batch. Messages with the same
// metadata, one after the other or nearly so, get the same list.
type metadata struct {
	lists   [][]journal.Field
	scratch []journal.Field
}

// remembered is how many lists a message is compared with.
const remembered = 8

// of lists the metadata of a message by name.
func (m *metadata) of(message *service.Message) []journal.Field {
	m.scratch = m.scratch[:0]
	_ = message.MetaWalkMut(func(name string, value any) error {
		m.scratch = append(m.scratch, journal.Field{Name: name, Value: storable(value)})
		return nil
	})
	if len(m.scratch) == 0 {
		return nil
	}
	slices.SortFunc(m.scratch, func(a, b journal.Field) int { return cmp.Compare(a.Name, b.Name) })
	for _, list := range m.lists[max(0, len(m.lists)-remembered):] {
		if slices.EqualFunc(list, m.scratch, isSame) {
			return list
		}
	}
	list := slices.Clone(m.scratch)
	m.lists = append(m.lists, list)
	return list
}

// isSame compares texts alone: what else there is may be impossible to compare.
func isSame(a, b journal.Field) bool {
	before, isText := a.Value.(string)
	now, isTextToo := b.Value.(string)
	return isText && isTextToo && before == now && a.Name == b.Name
}

// storable turns what only plugins put into metadata into its text.
func storable(value any) any {
	if journal.CanStore(value) {
		return value
	}
	return bloblang.ValueToString(value)
}
