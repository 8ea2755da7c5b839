package consent

import (
	"github.com/go-json-experiment/json/jsontext"

	"benthos-segment/internal/segment/jsonscan"
)

// statement is what an event says of the consent of its person.
type statement struct {
	// refused is the list of refused ids, all of them strings or null.
	refused jsontext.Value
	// provider is empty where the event names none.
	provider []byte
	isOr     bool
}

// read reads the members in the order in which RudderStack's server does, and
// like it keeps what came before one of the wrong kind. There is nothing to read
// if the list of refused ids does not come before that.
func read(consentManagement jsontext.Value) (s statement, isRead bool) {
	var allowed, provider, strategy jsontext.Value
	for m := range jsonscan.Members(consentManagement) {
		switch string(jsonscan.Unquote(m.Name)) {
		case "allowedConsentIds":
			allowed = m.Value
		case "deniedConsentIds":
			s.refused = m.Value
		case "provider":
			provider = m.Value
		case "resolutionStrategy":
			strategy = m.Value
		}
	}
	if !isListOfText(allowed) || !isListOfText(s.refused) {
		return s, false
	}
	text, isText := textOf(provider)
	if !isText {
		return s, true
	}
	s.provider = text
	text, _ = textOf(strategy)
	s.isOr = string(text) == "or"
	return s, true
}

// isListOfText reports whether a value can be read as a list of strings. Null
// counts as no list, and in it as an empty string.
func isListOfText(value jsontext.Value) bool {
	switch jsonscan.KindOf(value) {
	case 0, 'n':
		return true
	case '[':
	default:
		return false
	}
	for element := range jsonscan.Elements(value) {
		if kind := jsonscan.KindOf(element); kind != '"' && kind != 'n' {
			return false
		}
	}
	return true
}

// textOf returns the text of a string. Null and nothing are the empty text.
func textOf(value jsontext.Value) (text []byte, isText bool) {
	switch jsonscan.KindOf(value) {
	case 0, 'n':
		return nil, true
	case '"':
		return jsonscan.Unquote(value), true
	default:
		return nil, false
	}
}

// refusesAny reports whether any id is refused.
func (s *statement) refusesAny() bool {
	for element := range jsonscan.Elements(s.refused) {
		if jsonscan.IsText(element) {
			return true
		}
	}
	return false
}

// strategyFor returns the strategy that counts for a block.
func (s *statement) strategyFor(b Block) Strategy {
	if b.Provider == Custom {
		return b.Strategy
	}
	if s.isOr {
		return Or
	}
	return And
}

// refuses reports whether so many of the ids are refused that the event is. Ids
// are compared byte by byte, with capitals and blanks.
func (s *statement) refuses(ids []string, strategy Strategy) bool {
	for _, id := range ids {
		if s.refusesID(id) == (strategy == And) {
			return strategy == And
		}
	}
	return strategy == Or
}

func (s *statement) refusesID(id string) bool {
	for element := range jsonscan.Elements(s.refused) {
		if jsonscan.IsText(element) && string(jsonscan.Unquote(element)) == id {
			return true
		}
	}
	return false
}
