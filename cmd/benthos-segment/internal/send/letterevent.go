package send

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
)

// eventOf takes the event out of a dead letter. Where somebody has fixed it, the
// payload may be the event itself instead of a text that holds it. What is no
// dead letter stays as it is: it may be an event already, and if it is not, the
// output says what is wrong with it.
func eventOf(text []byte) []byte {
	var one struct {
		Payload       json.RawMessage `json:"payload"`
		PayloadBase64 *string         `json:"payload_base64"`
		Reason        *string         `json:"reason"`
	}
	if json.Unmarshal(text, &one) != nil || one.Reason == nil {
		return text
	}
	switch {
	case one.PayloadBase64 != nil:
		if event, err := base64.StdEncoding.DecodeString(*one.PayloadBase64); err == nil {
			return event
		}
	case bytes.HasPrefix(one.Payload, []byte(`"`)):
		var event string
		if json.Unmarshal(one.Payload, &event) == nil {
			return []byte(event)
		}
	case len(one.Payload) > 0:
		return one.Payload
	}
	return text
}
