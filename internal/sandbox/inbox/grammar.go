package inbox

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// term is one condition of a filter as a person types it.
type term struct {
	Filter
	not bool
}

func (t *term) matches(c *Call) bool { return t.Filter.Matches(c) != t.not }

// termNames are the names of the grammar in the order in which a person is told
// about them.
var termNames = []string{
	"type", "event", "user", "group", "id", "key", "path", "status", "violation", "warning", "plan", "duplicate", "accepted", "seq", "request", "text",
}

// maxFilterBytes and maxFilterTerms bound a filter: each term is compared with
// the text of every call.
const (
	maxFilterBytes = 8 << 10
	maxFilterTerms = 50
)

// ParseFilter reads a filter as a person types it, on the page and in the q of
// the API: terms separated by spaces. All of them have to match.
//
//	type:track user:42 event:"Order*" violation:any -path:/v1/import tea
//
// A term is name:value, or a value alone, which is found anywhere in the call in
// any case. A value with spaces, a colon or a leading dash is put in double
// quotes, where \" and \\ stand for " and \. A dash before a term negates it.
func ParseFilter(text string) (Filter, error) {
	var f Filter
	if len(text) > maxFilterBytes {
		return f, fmt.Errorf("a filter may have at most %d bytes, this one has %d", maxFilterBytes, len(text))
	}
	p := grammar{rest: text}
	for {
		p.skipSpaces()
		if p.rest == "" {
			return f, nil
		}
		t, err := p.term()
		if err != nil {
			return Filter{}, err
		}
		if len(f.terms) == maxFilterTerms {
			return Filter{}, fmt.Errorf("a filter may have at most %d terms", maxFilterTerms)
		}
		f.terms = append(f.terms, t)
	}
}

// grammar is the part of a filter that is not yet read.
type grammar struct{ rest string }

func (p *grammar) skipSpaces() { p.rest = strings.TrimLeftFunc(p.rest, unicode.IsSpace) }

func (p *grammar) term() (term, error) {
	var t term
	if dashed, found := strings.CutPrefix(p.rest, "-"); found {
		p.rest, t.not = dashed, true
	}
	name := p.name()
	value, err := p.value()
	switch {
	case err != nil:
		return t, err
	case value == "" && name == "":
		return t, errors.New("a term is empty: write a word, or name:value")
	case value == "":
		return t, fmt.Errorf("%s needs a value", name)
	}
	t.Filter, err = condition(name, value)
	return t, err
}

// name reads a name with its colon; there is none if a value stands alone.
func (p *grammar) name() string {
	end := strings.IndexFunc(p.rest, func(r rune) bool { return r == ':' || r == '"' || unicode.IsSpace(r) })
	if end < 0 || p.rest[end] != ':' {
		return ""
	}
	name := p.rest[:end]
	p.rest = p.rest[end+1:]
	return name + ":"
}

// value reads a word, or a text in quotes.
func (p *grammar) value() (string, error) {
	if strings.HasPrefix(p.rest, `"`) {
		return p.quoted()
	}
	end := strings.IndexFunc(p.rest, unicode.IsSpace)
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word, nil
}

func (p *grammar) quoted() (string, error) {
	var value strings.Builder
	for i := 1; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '"':
			return value.String(), p.endQuoted(i + 1)
		case c == '\\' && i+1 < len(p.rest) && (p.rest[i+1] == '"' || p.rest[i+1] == '\\'):
			i++
			value.WriteByte(p.rest[i])
		default:
			value.WriteByte(c)
		}
	}
	return "", fmt.Errorf("a closing quotation mark is missing after %s", p.rest)
}

// endQuoted wants a space or nothing after a text in quotes.
func (p *grammar) endQuoted(at int) error {
	p.rest = p.rest[at:]
	if r, _ := utf8.DecodeRuneInString(p.rest); p.rest != "" && !unicode.IsSpace(r) {
		return fmt.Errorf("a space is missing before %s", p.rest)
	}
	return nil
}

// condition makes a filter of one term.
func condition(name, value string) (f Filter, err error) {
	switch name {
	case "":
		f.word = strings.ToLower(value)
	case "type:":
		f.Type = value
		err = f.Validate()
	case "event:":
		f.Event = value
	case "user:":
		f.User = value
	case "group:":
		f.Group = value
	case "id:":
		f.MessageID = value
	case "key:":
		f.WriteKey = value
	case "path:":
		f.Path = value
	case "status:":
		err = f.setStatus(value)
	case "violation:":
		f.Violation = value
	case "warning:":
		f.Warning = value
	case "plan:":
		f.Plan = value
	case "duplicate:":
		f.Duplicate, err = yesOrNo(name, value)
	case "accepted:":
		f.Accepted, err = yesOrNo(name, value)
	case "seq:":
		f.seq, err = numberOf("call", name, value)
	case "request:":
		f.request, err = numberOf("request", name, value)
	case "text:":
		f.Text = value
	default:
		err = fmt.Errorf("unknown filter %s the filters are %s. Put a text that contains a colon in quotes", name, strings.Join(termNames, ", "))
	}
	return f, err
}

func numberOf(thing, name, value string) (uint64, error) {
	n, err := strconv.ParseUint(value, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%s needs the number of a %s, not %q", name, thing, value)
	}
	return n, nil
}

func yesOrNo(name, value string) (*bool, error) {
	b, err := strconv.ParseBool(value)
	if err != nil {
		return nil, fmt.Errorf("%s needs true or false, not %q", name, value)
	}
	return &b, nil
}

// setStatus takes what became of a call, or the status of its request's answer.
func (f *Filter) setStatus(value string) error {
	switch value {
	case "accepted":
		f.Accepted = new(true)
		return nil
	case "discarded":
		f.Accepted = new(false)
		return nil
	case "duplicate":
		f.Duplicate = new(true)
		return nil
	}
	status, err := ParseStatus(value)
	if err != nil {
		return fmt.Errorf("status: needs accepted, discarded, duplicate, cut, or a status such as 200 or 2xx, not %q", value)
	}
	f.Status = status
	return nil
}
