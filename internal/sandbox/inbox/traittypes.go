package inbox

import (
	"fmt"

	"benthos-segment/internal/ingest"
)

// TraitTypeChanged is the code of a warning: Segment takes any value, but the
// column of a warehouse has the type of the value that came first, and loses the
// others.
const TraitTypeChanged = "trait_type_changed"

// BlanksAround is the code of a warning: to Segment, " Signed Up" is another event
// than "Signed Up", and " 42" another person than "42".
const BlanksAround = "blanks_around"

// maxTraits bounds the traits whose types are remembered.
const maxTraits = 10_000

// traitTypes remembers what type the first value of each trait had: by write key,
// type of call and name, as a warehouse has a table for each.
type traitTypes map[traitName]string

type traitName struct{ writeKey, call, name string }

// check returns a warning for each trait of the call whose type is another one
// than that of the first value.
func (known *traitTypes) check(c *Call) (warnings []Violation) {
	if c.Type != "identify" && c.Type != "group" {
		return nil
	}
	ingest.Members(ingest.Member(c.Raw, "traits"), func(name string, value []byte) {
		kind := typeOf(value)
		if kind == "" {
			return
		}
		key := traitName{c.WriteKey, c.Type, Clip(name, maxRowText)}
		first, isKnown := (*known)[key]
		switch {
		case isKnown && first != kind:
			warnings = append(warnings, Violation{
				Code: TraitTypeChanged, Field: "traits." + key.name,
				Message: fmt.Sprintf("this trait was %s at first and is %s now, and a warehouse leaves out what does not fit the column; "+
					"send values of one type, or give the trait another name", first, kind),
			})
		case !isKnown && len(*known) < maxTraits:
			if *known == nil {
				*known = make(traitTypes)
			}
			(*known)[key] = kind
		}
	})
	return warnings
}

// typeOf names the type of a JSON value, nothing for null, which fits any.
func typeOf(value []byte) string {
	switch value[0] {
	case '"':
		return "a string"
	case '{':
		return "an object"
	case '[':
		return "an array"
	case 't', 'f':
		return "true or false"
	case 'n':
		return ""
	default:
		return "a number"
	}
}
