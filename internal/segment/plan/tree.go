package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// Error says what is wrong with a plan, and where.
type Error struct {
	// Line is the line of the file, from 1.
	Line int
	Text string
}

func (e *Error) Error() string { return fmt.Sprintf("line %d: %s", e.Line, e.Text) }

// node is a value of the file that knows its line.
type node struct {
	line int
	kind jsontext.Kind
	// text is that of a string, and the digits of a number.
	text     string
	elements []*node
	// names are those of the members of an object, in their order.
	names   []string
	members map[string]*node
}

// parse reads a file of JSON.
func parse(file []byte) (*node, error) {
	text := bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))
	p := parser{text: text, decoder: jsontext.NewDecoder(bytes.NewReader(text)), line: 1}
	root, err := p.value()
	if err != nil {
		return nil, p.explain(err)
	}
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		p.step()
		return nil, &Error{Line: p.line, Text: "a second document begins here, and a plan is one: if it has several pages, put their rules into one list"}
	}
	return root, nil
}

type parser struct {
	text    []byte
	decoder *jsontext.Decoder
	// line is that of the offset at.
	line, at int
}

// step moves the line to where the decoder is.
func (p *parser) step() {
	end := int(p.decoder.InputOffset())
	p.line += bytes.Count(p.text[p.at:end], []byte("\n"))
	p.at = end
}

func (p *parser) value() (*node, error) {
	token, err := p.decoder.ReadToken()
	if err != nil {
		return nil, err
	}
	p.step()
	n := &node{line: p.line, kind: token.Kind()}
	switch n.kind {
	case '{':
		return n, p.object(n)
	case '[':
		return n, p.array(n)
	case '"', '0':
		n.text = token.String()
	}
	return n, nil
}

func (p *parser) object(n *node) error {
	n.members = make(map[string]*node)
	for p.decoder.PeekKind() != '}' {
		name, err := p.decoder.ReadToken()
		if err != nil {
			return err
		}
		key := name.String()
		member, err := p.value()
		if err != nil {
			return err
		}
		n.names = append(n.names, key)
		n.members[key] = member
	}
	_, err := p.decoder.ReadToken()
	return err
}

func (p *parser) array(n *node) error {
	for p.decoder.PeekKind() != ']' {
		element, err := p.value()
		if err != nil {
			return err
		}
		n.elements = append(n.elements, element)
	}
	_, err := p.decoder.ReadToken()
	return err
}

// explain says what is wrong with a file that is not JSON.
func (p *parser) explain(err error) error {
	line, found := p.line, err.Error()
	var syntax *jsontext.SyntacticError
	if errors.As(err, &syntax) {
		line = 1 + bytes.Count(p.text[:min(int(syntax.ByteOffset), len(p.text))], []byte("\n"))
		found = syntax.Err.Error()
	}
	return &Error{Line: line, Text: "the plan is not valid JSON: " + found + looksLike(p.text)}
}

// looksLike names other forms of plans, and how to get JSON.
func looksLike(text []byte) string {
	switch {
	case bytes.Contains(text, []byte("kind: tracking-plan")), bytes.Contains(text, []byte("kind: tp")), bytes.Contains(text, []byte("kind: \"tracking-plan\"")):
		return "; this is a plan of rudder-cli in YAML: read the plan from RudderStack's catalog API instead, each event with ?format=schema"
	case bytes.Contains(text, []byte("jsonencode(")):
		return "; this is Terraform: read the rules from Segment's Public API instead, with GET /tracking-plans/{id}/rules"
	case bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")), bytes.HasPrefix(bytes.TrimSpace(text), []byte("[")):
		return ""
	case isCSV(text):
		return "; the CSV that Segment's app exports has no schemas: read the rules from Segment's Public API instead, with GET /tracking-plans/{id}/rules"
	default:
		return ""
	}
}

// isCSV reports whether the first line is that of a table.
func isCSV(text []byte) bool {
	first, _, _ := bytes.Cut(text, []byte("\n"))
	return bytes.Contains(first, []byte(",")) && !bytes.HasPrefix(first, []byte("#"))
}

// get returns a member of an object, or nil. Null counts as absent.
func (n *node) get(name string) *node {
	if n == nil {
		return nil
	}
	if m := n.members[name]; m != nil && m.kind != 'n' {
		return m
	}
	return nil
}

func (n *node) isObject() bool { return n != nil && n.kind == '{' }

func (n *node) isArray() bool { return n != nil && n.kind == '[' }

// string returns the text of a string, and the empty text for anything else.
func (n *node) string() string {
	if n == nil || n.kind != '"' {
		return ""
	}
	return n.text
}

// at returns the node at a place inside, or the last one on the way there.
func (n *node) at(tokens []string) *node {
	for _, token := range tokens {
		next := n.members[token]
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(n.elements) {
			next = n.elements[i]
		}
		if next == nil {
			break
		}
		n = next
	}
	return n
}

// plain returns the value as the schema compiler wants it.
func (n *node) plain() any {
	switch n.kind {
	case '{':
		object := make(map[string]any, len(n.members))
		for name, member := range n.members {
			object[name] = member.plain()
		}
		return object
	case '[':
		array := make([]any, len(n.elements))
		for i, element := range n.elements {
			array[i] = element.plain()
		}
		return array
	case '"':
		return n.text
	case '0':
		return json.Number(n.text)
	case 't':
		return true
	case 'f':
		return false
	default:
		return nil
	}
}
