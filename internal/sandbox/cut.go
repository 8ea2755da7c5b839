package sandbox

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// envelope is a request body taken apart. Its byte slices are parts of the
// body, so that every digit and escape stays as it was sent.
type envelope struct {
	writeKey, sentAt      string
	context, integrations []byte
	calls                 [][]byte
}

var (
	errNotObject = errors.New("the body must be one JSON object")
	errNoBatch   = errors.New(`the body must have a "batch" that is an array of calls`)
	errTrailing  = errors.New("the body goes on after its JSON object")
	errNotUTF8   = errors.New("the body is not valid UTF-8")
)

// cutSingle takes apart the body of a path for single calls: the body is the
// call.
func cutSingle(body []byte) (envelope, error) {
	env, _, err := cut(body, false)
	if err != nil {
		return envelope{}, err
	}
	env.calls = [][]byte{bytes.TrimSpace(body)}
	return env, nil
}

// cutBatch takes apart the body of a batch.
func cutBatch(body []byte) (envelope, error) {
	env, found, err := cut(body, true)
	if err != nil {
		return envelope{}, err
	}
	if !found {
		return envelope{}, errNoBatch
	}
	return env, nil
}

// cut walks the members of the body once. An escaped lone surrogate passes, as
// SDKs send them when they cut a text in the middle of an emoji; the decoder
// calls those invalid UTF-8 too, hence the check beside it. Where a name stands
// twice the last one counts.
func cut(body []byte, batch bool) (env envelope, foundBatch bool, err error) {
	if !utf8.Valid(body) {
		return env, false, errNotUTF8
	}
	dec := jsontext.NewDecoder(bytes.NewBuffer(body),
		jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	if dec.PeekKind() != '{' {
		return env, false, notObject(dec)
	}
	if _, err := dec.ReadToken(); err != nil {
		return env, false, err
	}
	for dec.PeekKind() != '}' {
		name, err := dec.ReadToken()
		if err != nil {
			return env, false, err
		}
		if batch && name.String() == "batch" {
			foundBatch = true
			if env.calls, err = cutArray(dec, body); err != nil {
				return env, false, err
			}
			continue
		}
		if err := env.readMember(dec, body, name.String()); err != nil {
			return env, false, err
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return env, false, err
	}
	if _, err := dec.ReadToken(); !errors.Is(err, io.EOF) {
		return env, false, errTrailing
	}
	return env, foundBatch, nil
}

// notObject tells broken JSON, with the place where it breaks, from nothing at
// all and from JSON of another kind.
func notObject(dec *jsontext.Decoder) error {
	_, err := dec.ReadValue()
	if err == nil || errors.Is(err, io.EOF) {
		return errNotObject
	}
	return err
}

func (env *envelope) readMember(dec *jsontext.Decoder, body []byte, name string) error {
	value, err := readValue(dec, body)
	if err != nil {
		return err
	}
	switch name {
	case "writeKey":
		env.writeKey = textOf(value)
	case "sentAt":
		env.sentAt = textOf(value)
	case "context":
		env.context = value
	case "integrations":
		env.integrations = value
	}
	return nil
}

func cutArray(dec *jsontext.Decoder, body []byte) ([][]byte, error) {
	if dec.PeekKind() != '[' {
		if _, err := dec.ReadValue(); err != nil {
			return nil, err
		}
		return nil, errNoBatch
	}
	if _, err := dec.ReadToken(); err != nil {
		return nil, err
	}
	var calls [][]byte
	for dec.PeekKind() != ']' {
		call, err := readValue(dec, body)
		if err != nil {
			return nil, fmt.Errorf("reading call %d: %w", len(calls), err)
		}
		calls = append(calls, call)
	}
	_, err := dec.ReadToken()
	return calls, err
}

// readValue returns the next value as a part of body. The decoder's own slice
// would be invalid after its next step.
func readValue(dec *jsontext.Decoder, body []byte) ([]byte, error) {
	value, err := dec.ReadValue()
	if err != nil {
		return nil, err
	}
	end := int(dec.InputOffset())
	start := end - len(value)
	return body[start:end:end], nil
}

// textOf returns the text of a JSON string, and nothing for any other value.
func textOf(value []byte) string {
	if len(value) == 0 || value[0] != '"' {
		return ""
	}
	// The only error left is a lone surrogate, which is replaced.
	text, _ := jsontext.AppendUnquote(nil, value)
	return string(text)
}
