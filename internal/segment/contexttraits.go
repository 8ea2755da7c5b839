package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/internal/jsonscan"
)

// mendContextTraits keeps the traits of a person in context, but for identify,
// which carries them at its top level, and adds those that have no place at the
// top level of a call.
// https://www.twilio.com/docs/segment/connections/spec/common#context
func (c *Converter) mendContextTraits(t Type) (changed bool) {
	switch t {
	case Identify:
		return c.dropLiftedTraits()
	case Group:
		return c.mendUserTraits()
	default:
		changed = c.mendUserTraits()
		return c.joinTraits() || changed
	}
}

// dropLiftedTraits takes the traits out of the context of an identify call,
// which has them at its top level now. What has no traits in it stays: Segment
// does not mind it, so that it costs nobody a good event.
func (c *Converter) dropLiftedTraits() (changed bool) {
	if traits := c.doc.contextMember(contextTraits); jsonscan.KindOf(traits) == '{' || jsonscan.IsEmpty(traits) {
		return c.doc.dropContext(contextTraits)
	}
	c.notes.add(NoteTraitsUnusable, contextTraitsPath)
	return false
}

var contextTraitsPath = jsontext.Value(`"context.traits"`)

// mendUserTraits takes the anonymous id out of the traits of a person.
func (c *Converter) mendUserTraits() (changed bool) {
	if !c.doc.inContext.has(contextTraits) {
		return false
	}
	for i, m := range c.doc.context {
		if m.field == contextTraits && hasAnonymousID(m.Value) {
			c.doc.context[i] = contextMember{Member: jsonscan.Member{Name: m.Name, Value: c.userTraits(m.Value)}, field: contextTraits}
			changed = true
		}
	}
	return changed
}

// joinTraits moves traits from the top level to those in context, where
// Segment's spec has them on every call but identify and group. What is there
// wins, unless it is no object and so of no use.
func (c *Converter) joinTraits() (changed bool) {
	d := &c.doc
	given := d.value[fieldTraits]
	if jsonscan.KindOf(given) != '{' {
		return false
	}
	d.drop(fieldTraits)
	if jsonscan.IsEmptyObject(given) {
		return false
	}
	there := d.contextMember(contextTraits)
	switch {
	case jsonscan.KindOf(there) == '{':
		start := len(c.scratch)
		c.scratch = jsonobject.AppendMerged(c.scratch, there, given)
		given = c.scratch[start:]
	case !jsonscan.IsEmpty(there):
		c.notes.add(NoteMemberDropped, contextTraitsPath)
	}
	d.dropContext(contextTraits)
	return d.addContext(contextTraits, given)
}

// moveGroupID moves the group of a call that is no group call to where
// Segment's spec has it. A group that is there already wins.
func (d *document) moveGroupID(t Type) (changed bool) {
	given := d.value[fieldGroupID]
	if t == Group || !jsonscan.IsText(given) {
		return false
	}
	there := d.contextMember(contextGroupID)
	if !jsonscan.IsEmpty(there) {
		if bytes.Equal(there, given) {
			d.drop(fieldGroupID)
		}
		return false
	}
	d.drop(fieldGroupID)
	d.dropContext(contextGroupID)
	return d.addContext(contextGroupID, given)
}
