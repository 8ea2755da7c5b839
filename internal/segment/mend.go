package segment

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

var (
	violationNotObject = &Violation{
		Reason: ReasonBadRequest,
		Sentence: "a payload is one JSON object, or an array of objects; " +
			"make one in the mapping",
	}
	violationEnvelope = &Violation{
		Reason: ReasonBadRequest,
		Field:  fields[fieldBatch].name,
		Sentence: "this is the envelope in which an SDK sends its calls; take them out with " +
			"the mapping `root = this.batch`",
	}
	violationUnknownType = &Violation{
		Reason: ReasonUnknownType,
		Field:  fields[fieldType].name,
		Sentence: "a call is one of identify, track, page, screen, group and alias; " +
			"set type to one of them, or take the payload out with the mapping `root = deleted()`",
	}
	violationContextTraits = &Violation{
		Reason:   ReasonTraitsNotObject,
		Field:    "context.traits",
		Sentence: "the traits of an identify call must be a JSON object; send an object, or leave the member out",
	}
)

// other reads a value that is no object.
func (s *scanner) other() *Violation {
	if err := s.decoder.SkipValue(); err != nil {
		return s.violation(err)
	}
	return violationNotObject
}

// callType reads which call the document is.
func (d *document) callType() (Type, *Violation) {
	name := d.value[fieldType]
	if name.Kind() == '"' {
		if t := ParseType(strings.ToLower(strings.TrimSpace(unquote(name)))); t != UnknownType {
			return t, nil
		}
	}
	if !d.has(fieldType) && d.value[fieldBatch].Kind() == '[' {
		return UnknownType, violationEnvelope
	}
	return UnknownType, violationUnknownType
}

// mend brings the members into the form in which Segment wants them, without
// judging what cannot be mended.
func (c *Converter) mend(t Type) {
	d := &c.doc
	d.value[fieldType] = jsontext.Value(typeLiterals[t])
	for _, f := range [...]field{
		fieldUserID, fieldAnonymousID, fieldGroupID, fieldPreviousID,
		fieldFrom, fieldTo, fieldMessageID,
	} {
		c.mendID(f)
	}
	if !isText(d.value[fieldMessageID]) {
		d.drop(fieldMessageID)
	}
	switch t {
	case Alias:
		d.mendAlias()
	case Page, Screen:
		d.mendNames(t)
	}
	d.value[fieldChannel] = jsontext.Value(channels[unquoteText(d.value[fieldChannel])])
	if c.conf.Integrations != IntegrationsForward {
		d.drop(fieldIntegrations)
	}
}

// mendID makes a string of a number, every digit kept, and nothing of an
// empty string, which web SDKs send for somebody who is not logged in.
func (c *Converter) mendID(f field) {
	value := c.doc.value[f]
	switch {
	case value.Kind() == '0':
		start := len(c.scratch)
		c.scratch = append(append(append(c.scratch, '"'), value...), '"')
		c.doc.value[f] = c.scratch[start:]
	case value.Kind() == '"' && !isText(value):
		c.doc.drop(f)
	}
}

// mendAlias finds the two ids of an alias call. Without a previous id it is
// the visitor's anonymous id that the user takes over.
func (d *document) mendAlias() {
	if !d.has(fieldUserID) && d.has(fieldTo) {
		d.set(fieldUserID, d.value[fieldTo])
	}
	if !d.has(fieldPreviousID) && d.has(fieldFrom) {
		d.set(fieldPreviousID, d.value[fieldFrom])
	}
	if d.has(fieldPreviousID) || !isText(d.value[fieldUserID]) || !isText(d.value[fieldAnonymousID]) {
		return
	}
	if unquote(d.value[fieldUserID]) != unquote(d.value[fieldAnonymousID]) {
		d.set(fieldPreviousID, d.value[fieldAnonymousID])
	}
}

// mendNames finds the name and the category of a page or screen. Mobile SDKs
// put the name of a screen into event.
func (d *document) mendNames(t Type) {
	d.dropEmptyText(fieldName)
	d.dropEmptyText(fieldCategory)
	if t == Screen && !d.has(fieldName) && isText(d.value[fieldEvent]) {
		d.set(fieldName, d.value[fieldEvent])
	}
	for _, f := range [...]field{fieldName, fieldCategory} {
		if d.has(f) {
			continue
		}
		if value := lookup(d.value[fieldProperties], fields[f].name); isText(value) {
			d.set(f, value)
		}
	}
}

func (d *document) dropEmptyText(f field) {
	if d.value[f].Kind() == '"' && !isText(d.value[f]) {
		d.drop(f)
	}
}

// channels gives RudderStack's names of channels those of Segment, which
// knows only these three.
var channels = map[string]string{
	"web":     `"browser"`,
	"browser": `"browser"`,
	"mobile":  `"mobile"`,
	"server":  `"server"`,
	"sources": `"server"`,
}

// unquoteText returns the text of a string, and nothing of any other value.
func unquoteText(value jsontext.Value) string {
	if value.Kind() != '"' {
		return ""
	}
	return unquote(value)
}

// typeLiterals are the types as they stand in a call.
var typeLiterals = func() (quoted [len(typeNames)]string) {
	for t, name := range typeNames {
		quoted[t] = `"` + name + `"`
	}
	return quoted
}()
