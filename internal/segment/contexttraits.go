package segment

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/jsonscan"
)

// normaliseContextTraits keeps the traits of a person in context, except for
// identify, which has them at its top level. On calls that may have no traits at
// their top level, it moves those into context.
// https://www.twilio.com/docs/segment/connections/spec/common#context
func (c *Converter) normaliseContextTraits(t Type) (changed bool) {
	switch t {
	case Identify:
		return c.dropLiftedTraits()
	case Group:
		return c.normaliseUserTraits()
	default:
		changed = c.normaliseUserTraits()
		return c.joinTraits() || changed
	}
}

// dropLiftedTraits removes the traits from the context of an identify call, which
// now has them at its top level. A value that is not an object stays: Segment
// ignores it, and the event is good otherwise.
func (c *Converter) dropLiftedTraits() (changed bool) {
	if traits := c.doc.contextMember(contextTraits); jsonscan.KindOf(traits) == '{' || jsonscan.IsEmpty(traits) {
		return c.doc.dropContext(contextTraits)
	}
	c.notes.add(NoteTraitsUnusable, contextTraitsPath)
	return false
}

var contextTraitsPath = jsontext.Value(`"context.traits"`)

// normaliseUserTraits removes the anonymous id from the traits of a person.
func (c *Converter) normaliseUserTraits() (changed bool) {
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

// joinTraits moves traits from the top level to those in context, where Segment's
// spec has them on every call but identify and group. Traits in context win,
// unless they are not an object and so useless.
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

// moveGroupID moves the groupId of any call but group into context, where
// Segment's spec has it. A groupId that is already there wins.
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
