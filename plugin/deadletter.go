package plugin

import (
	"encoding/base64"
	"regexp"
	"unicode/utf8"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
)

const (
	methodError      = "segment_error"
	methodDeadLetter = "segment_dead_letter"

	paramPayload = "payload"

	letterReason        = "reason"
	letterField         = "field"
	letterSentence      = "sentence"
	letterPayload       = "payload"
	letterPayloadBase64 = "payload_base64"
)

func init() {
	bloblang.MustRegisterMethodV2(methodError, errorSpec(), func(*bloblang.ParsedParams) (bloblang.Method, error) {
		return func(err any) (any, error) { return takenApart(err), nil }, nil
	})
	bloblang.MustRegisterMethodV2(methodDeadLetter, deadLetterSpec(), func(args *bloblang.ParsedParams) (bloblang.Method, error) {
		payload, err := args.Get(paramPayload)
		if err != nil {
			return nil, err
		}
		return func(err any) (any, error) { return deadLetter(err, payload), nil }, nil
	})
}

// methodCategory is the heading under which lists of methods have ours.
const methodCategory = "Segment"

func errorSpec() *bloblang.PluginSpec {
	return bloblang.NewPluginSpec().
		Category(methodCategory).
		Version("1.0.0").
		Description("Takes an error of the output `segment` apart, as a `fallback` gives it to the next output in "+
			"`@fallback_error`. The result is an object with `reason`, `field` and `sentence`. Where no field is to "+
			"blame, `field` is `-`. An error of another output has the reason `unknown`, and its whole text is the "+
			"sentence. The method never fails, so that no dead letter is lost because of its error.").
		Example("Put the reason into the headers of a dead letter, so that its content stays as it is.", `
let error = @fallback_error.segment_error()
meta dead_letter_reason = $error.reason
meta dead_letter_field = $error.field
meta dead_letter_sentence = $error.sentence`).
		Example("The parts of some errors.", `root = this.error.segment_error()`,
			[2]string{
				`{"error":"segment event_not_defined event: A track call needs a name."}`,
				`{"field":"event","reason":"event_not_defined","sentence":"A track call needs a name."}`,
			},
			[2]string{
				`{"error":"segment invalid_json -: The JSON ends at byte 8."}`,
				`{"field":"-","reason":"invalid_json","sentence":"The JSON ends at byte 8."}`,
			},
			[2]string{
				`{"error":"failed to write message"}`,
				`{"field":"-","reason":"unknown","sentence":"failed to write message"}`,
			})
}

func deadLetterSpec() *bloblang.PluginSpec {
	return bloblang.NewPluginSpec().
		Category(methodCategory).
		Version("1.0.0").
		Description("Makes a dead letter of an error of the output `segment` and the event that it is about: an object "+
			"with the `reason`, `field` and `sentence` of `segment_error`, and the event as `payload`. JSON cannot hold "+
			"bytes that are not UTF-8. An event with such bytes is kept as `payload_base64` instead, and there is no "+
			"`payload`. The method never fails.").
		Param(bloblang.NewAnyParam(paramPayload).Description("The event. `content()` gives the bytes that were read.")).
		Example("Write dead letters to a file, one on each line.", `root = @fallback_error.segment_dead_letter(content())`).
		Example("Read them again, to send the events another time.", `root = this.payload | this.payload_base64.decode("base64")`,
			[2]string{`{"reason":"refused","payload":"{\"type\":\"page\"}"}`, `{"type":"page"}`},
			[2]string{`{"reason":"refused","payload_base64":"eyJ0eXBlIjoicGFnZSJ9"}`, `{"type":"page"}`})
}

// takenApart returns the parts of an error of the output, and of any other
// one what there is to say of it.
func takenApart(err any) map[string]any {
	text := textOf(err)
	if parts := violationText.FindStringSubmatch(text); parts != nil {
		return map[string]any{letterReason: parts[1], letterField: parts[2], letterSentence: parts[3]}
	}
	return map[string]any{letterReason: "unknown", letterField: "-", letterSentence: text}
}

// violationText is the stable form of segment.Violation.
var violationText = regexp.MustCompile(`(?s)^segment ([a-z_]+) (\S+): (.*)$`)

func deadLetter(err, payload any) map[string]any {
	letter := takenApart(err)
	text := textOf(payload)
	if utf8.ValidString(text) {
		letter[letterPayload] = text
	} else {
		letter[letterPayloadBase64] = base64.StdEncoding.EncodeToString([]byte(text))
	}
	return letter
}

// textOf returns a value as Bloblang's method string would, and nothing for
// what is missing.
func textOf(value any) string {
	if value == nil {
		return ""
	}
	return bloblang.ValueToString(value)
}
