package segment

import (
	"bytes"
	"encoding/json"
)

// AppendJSON encodes a payload that a processor has left in its structured
// form, with sorted keys and without escaping HTML.
func AppendJSON(dst []byte, value any) ([]byte, error) {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return dst, err
	}
	return append(dst, bytes.TrimSuffix(text.Bytes(), []byte("\n"))...), nil
}
