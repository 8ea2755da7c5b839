package segment

import (
	"bytes"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/internal/jsonobject"
	"benthos-segment/internal/segment/internal/jsonscan"
)

var (
	violationNotObject = &Violation{
		Reason: ReasonBadRequest,
		Sentence: "a payload is one JSON object, or an array of objects; " +
			"make one in the mapping",
	}
	violationUnknownType = &Violation{
		Reason: ReasonUnknownType,
		Field:  fields[fieldType].name,
		Sentence: "a call is one of identify, track, page, screen, group and alias; " +
			"set type to one of them in the mapping, or filter out before this output what is meant for others",
	}
)

// callType reads which call the document is.
func (d *document) callType() (Type, *Violation) {
	if t := typeNamed(d.value[fieldType]); t != UnknownType {
		return t, nil
	}
	return UnknownType, d.notACall()
}

// typeNamed returns the type that a member names, however it is written.
func typeNamed(name jsontext.Value) Type {
	for t := Identify; t <= Alias; t++ {
		if string(name) == string(typeLiterals[t]) {
			return t // As nearly all come.
		}
	}
	return ParseType(strings.ToLower(strings.TrimSpace(jsonscan.UnquoteText(name))))
}

// mend brings the members into the form in which Segment wants them. What
// cannot be mended is left for the rules to judge.
func (c *Converter) mend(t Type, from origin, mode IntegrationsMode) {
	c.scratch = c.scratch[:0]
	d := &c.doc
	d.value[fieldType] = typeLiterals[t]
	d.dropEmptyArrays()
	for _, f := range [...]field{
		fieldUserID, fieldAnonymousID, fieldGroupID, fieldPreviousID,
		fieldFrom, fieldTo, fieldMessageID,
	} {
		c.mendID(f)
	}
	switch t {
	case Identify:
		c.mendTraits()
	case Alias:
		d.mendAlias()
	case Page, Screen:
		d.mendNames(t)
	}
	c.mendContext(t)
	c.mendChannel()
	c.mendIntegrations(mode)
	c.mendMetadata(mode)
	c.mendMessageID(from)
}

// dropEmptyArrays leaves out the empty objects of PHP, whose json_encode writes
// them as arrays.
func (d *document) dropEmptyArrays() {
	for _, f := range [...]field{fieldProperties, fieldTraits, fieldContext, fieldIntegrations} {
		if v := d.value[f]; len(v) > 0 && v[0] == '[' && jsonscan.IsEmptyArray(v) {
			d.drop(f)
		}
	}
}

// mendID makes a string of a number, and nothing of an empty string, which web
// SDKs send for somebody who is not logged in.
func (c *Converter) mendID(f field) {
	value := c.doc.value[f]
	switch jsonscan.KindOf(value) {
	case '0':
		start := len(c.scratch)
		c.scratch = append(appendNumericID(append(c.scratch, '"'), value), '"')
		c.doc.value[f] = c.scratch[start:]
	case '"':
		if !jsonscan.IsText(value) {
			c.doc.drop(f)
		}
	}
}

// mendAlias finds the two ids of an alias call. Without a previous id it is
// the visitor's anonymous id that the user takes over.
func (d *document) mendAlias() {
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

// mendNames finds the name and the category of a page or screen. Mobile SDKs
// put the name of a screen into event.
func (d *document) mendNames(t Type) {
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

// mendTraits gives identify the traits that web and mobile SDKs put into
// context, under those of the call itself.
func (c *Converter) mendTraits() {
	under, over := c.doc.contextMember(contextTraits), c.doc.value[fieldTraits]
	if jsonscan.KindOf(under) != '{' || c.doc.has(fieldTraits) && jsonscan.KindOf(over) != '{' {
		return
	}
	under = c.userTraits(under)
	start := len(c.scratch)
	c.scratch = jsonobject.AppendMerged(c.scratch, over, under)
	c.doc.set(fieldTraits, c.scratch[start:])
}

// mendChannel gives RudderStack's channels the names of Segment's, which knows
// only three. Others are dropped.
func (c *Converter) mendChannel() {
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

// mendMessageID gives the call the id that it keeps in every attempt.
func (c *Converter) mendMessageID(from origin) {
	from.content = c.doc.raw
	start := len(c.scratch)
	c.scratch = c.ids.appendTo(c.scratch, &c.doc, from)
	c.doc.set(fieldMessageID, c.scratch[start:])
}

// mendTime gives the call the one time that it is sent with.
func (c *Converter) mendTime() *Violation {
	at, v := c.eventTime()
	if v != nil {
		return v
	}
	c.doc.set(fieldTimestamp, at)
	return nil
}
