package workspace

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Parse reads settings. It refuses unknown members: a setting that does nothing
// makes a test that proves nothing.
func Parse(text []byte) (Settings, error) {
	var s Settings
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&s); err != nil {
		return s, fmt.Errorf("the body must be an object such as {\"sources\":[{\"name\":\"Website\",\"write_keys\":[\"…\"]}]}: %w", err)
	}
	if dec.More() {
		return s, fmt.Errorf("the body goes on after its object")
	}
	return s, nil
}
