package segment

import (
	"strings"

	"benthos-segment/internal/segment/internal/jsonscan"
	"benthos-segment/internal/segment/internal/likeness"
)

// invalidJSON says what is wrong with a payload that is not JSON. Where the
// payload as a whole looks like something else, that is what has to be fixed.
func invalidJSON(err *jsonscan.Error, text []byte) *Violation {
	told := *err
	if is := likeness.Of(text); is.Format != "" {
		found := told.Found[:strings.IndexAny(told.Found+";", ",;")]
		told.Found = found + ", and the payload looks like " + is.Format + "; " + is.Advice
	} else if told.Kind == jsonscan.Trailing {
		told.Found = "a second document, but a payload holds one; split the payload before the output, " +
			"for example with the processor `unarchive: {format: lines}`"
	}
	return &Violation{
		Reason:   ReasonInvalidJSON,
		Sentence: "the payload is not valid JSON: " + told.Error(),
	}
}
