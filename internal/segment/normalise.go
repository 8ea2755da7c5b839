package segment

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/jsonscan"
)

// callType reads the type of the event.
func (d *document) callType() (Type, *Violation) {
	if t := typeNamed(d.value[fieldType]); t != UnknownType {
		return t, nil
	}
	return UnknownType, d.notACall()
}

// typeNamed returns the type that a value names, whatever its case and the
// blanks around it.
func typeNamed(name jsontext.Value) Type {
	for t := Identify; t <= Alias; t++ {
		if string(name) == string(typeLiterals[t]) {
			return t // Nearly all events have it in this form.
		}
	}
	return ParseType(strings.ToLower(strings.TrimSpace(jsonscan.UnquoteText(name))))
}

// normalise brings the members into the form that Segment expects. It leaves
// members that it cannot fix to the rules.
func (c *Converter) normalise(t Type, from idBasis, mode IntegrationsMode) {
	c.scratch = c.scratch[:0]
	d := &c.doc
	d.value[fieldType] = typeLiterals[t]
	d.dropEmptyArrays()
	for _, f := range [...]field{
		fieldUserID, fieldAnonymousID, fieldGroupID, fieldPreviousID,
		fieldFrom, fieldTo, fieldMessageID,
	} {
		c.normaliseID(f)
	}
	switch t {
	case Identify:
		c.normaliseTraits()
	case Alias:
		d.normaliseAlias()
	case Page, Screen:
		d.normaliseNames(t)
	}
	c.normaliseContext(t)
	c.normaliseChannel()
	c.normaliseIntegrations(mode)
	c.normaliseMetadata(mode)
	c.normaliseMessageID(from)
}

// dropEmptyArrays drops the empty objects of PHP, whose json_encode writes them
// as arrays.
func (d *document) dropEmptyArrays() {
	for _, f := range [...]field{fieldProperties, fieldTraits, fieldContext, fieldIntegrations} {
		if v := d.value[f]; len(v) > 0 && v[0] == '[' && jsonscan.IsEmptyArray(v) {
			d.drop(f)
		}
	}
}

// normaliseAlias finds the two ids of an alias call. Without a previous id, the
// user takes over the visitor's anonymous id.
func (d *document) normaliseAlias() {
	if !d.has(fieldUserID) && d.has(fieldTo) {
		d.set(fieldUserID, d.value[fieldTo])
		d.drop(fieldTo)
	}
	if !d.has(fieldPreviousID) && d.has(fieldFrom) {
		d.set(fieldPreviousID, d.value[fieldFrom])
		d.drop(fieldFrom)
	}
	if d.has(fieldPreviousID) || !jsonscan.IsText(d.value[fieldUserID]) || !jsonscan.IsText(d.value[fieldAnonymousID]) {
		return
	}
	if !bytes.Equal(jsonscan.Unquote(d.value[fieldUserID]), jsonscan.Unquote(d.value[fieldAnonymousID])) {
		d.set(fieldPreviousID, d.value[fieldAnonymousID])
	}
}

// normaliseNames finds the name and the category of a page or screen. Mobile
// SDKs put the name of a screen into event.
func (d *document) normaliseNames(t Type) {
	d.dropEmptyText(fieldName)
	d.dropEmptyText(fieldCategory)
	if t == Screen && !d.has(fieldName) && jsonscan.IsText(d.value[fieldEvent]) {
		d.set(fieldName, d.value[fieldEvent])
		d.drop(fieldEvent)
	}
	for _, f := range [...]field{fieldName, fieldCategory} {
		if d.has(f) {
			continue
		}
		if value := jsonscan.Lookup(d.value[fieldProperties], fields[f].name); jsonscan.IsText(value) {
			d.set(f, value)
		}
	}
}

func (d *document) dropEmptyText(f field) {
	if jsonscan.KindOf(d.value[f]) == '"' && !jsonscan.IsText(d.value[f]) {
		d.drop(f)
	}
}

// normaliseTraits gives identify the traits that web and mobile SDKs put into
// context, under those of the call itself.
func (c *Converter) normaliseTraits() {
	under, over := c.doc.contextMember(contextTraits), c.doc.value[fieldTraits]
	if jsonscan.KindOf(under) != '{' || c.doc.has(fieldTraits) && jsonscan.KindOf(over) != '{' {
		return
	}
	under = c.userTraits(under)
	start := len(c.scratch)
	c.scratch = jsonobject.AppendMerged(c.scratch, over, under)
	c.doc.set(fieldTraits, c.scratch[start:])
}

// normaliseChannel replaces RudderStack's names of channels by those of Segment,
// which knows only three. Others are dropped.
func (c *Converter) normaliseChannel() {
	channel := c.doc.value[fieldChannel]
	if jsonscan.IsEmpty(channel) {
		c.doc.drop(fieldChannel)
		return
	}
	if name := channelNamed(channel); name != nil {
		c.doc.value[fieldChannel] = name
		return
	}
	c.notes.add(NoteMemberDropped, quotedNames[fieldChannel])
	c.doc.drop(fieldChannel)
}

// channelNamed returns Segment's name of a channel, or nil.
func channelNamed(channel jsontext.Value) jsontext.Value {
	if jsonscan.KindOf(channel) != '"' {
		return nil
	}
	switch string(jsonscan.Unquote(channel)) {
	case "web", "browser":
		return channelBrowser
	case "mobile":
		return channelMobile
	case "server", "sources":
		return channelServer
	default:
		return nil
	}
}

var (
	channelBrowser = jsontext.Value(`"browser"`)
	channelMobile  = jsontext.Value(`"mobile"`)
	channelServer  = jsontext.Value(`"server"`)
)

// normaliseMessageID gives the call the message id that it keeps in every
// attempt.
func (c *Converter) normaliseMessageID(from idBasis) {
	from.content = c.doc.raw
	start := len(c.scratch)
	c.scratch = c.ids.appendTo(c.scratch, &c.doc, from)
	c.doc.set(fieldMessageID, c.scratch[start:])
}

// normaliseTime gives the call the one time with which it is sent.
func (c *Converter) normaliseTime() *Violation {
	at, v := c.eventTime()
	if v != nil {
		return v
	}
	c.doc.set(fieldTimestamp, at)
	return nil
}
