package sandbox

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"benthos-segment/internal/segment"
)

// advice is a violation with all that helps to mend it.
type advice struct {
	Violation
	// Sentence and Fix are the parts of the message.
	Sentence string `json:"sentence"`
	Fix      string `json:"fix"`
	// Link is Segment's page about it.
	Link string `json:"link"`
}

const segmentDocs = "https://www.twilio.com/docs/segment/"

// links name the page of Segment that has the rule.
var links = map[segment.Reason]string{
	segment.ReasonNoUserAnonID:         "connections/spec/common",
	segment.ReasonIDNotString:          "connections/spec/common",
	segment.ReasonContextNotObject:     "connections/spec/common",
	segment.ReasonTimestampUnparseable: "connections/spec/common",
	segment.ReasonAdvertisingID:        "connections/spec/common",
	segment.ReasonUnknownType:          "connections/spec",
	segment.ReasonIDRequired:           "connections/spec/group",
	segment.ReasonEventNotDefined:      "connections/spec/track",
	segment.ReasonEventNotString:       "connections/spec/track",
	segment.ReasonPropertiesNotObject:  "connections/spec/track",
	segment.ReasonTraitsNotObject:      "connections/spec/identify",
	segment.ReasonNameNotString:        "connections/spec/page",
	segment.ReasonCategoryNotString:    "connections/spec/page",
	segment.ReasonConsentPreferences:   "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentNotObject:     "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentNotBool:       "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentVersion:       "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonMessageIDTooLong:     "unify/product-limits",
}

const (
	aliasPage   = "connections/spec/alias"
	httpAPIPage = "connections/sources/catalog/libraries/server/http-api"
)

func linkOf(v Violation) string {
	if v.Field == "previousId" {
		return segmentDocs + aliasPage
	}
	return segmentDocs + cmp.Or(links[segment.Reason(v.Code)], httpAPIPage)
}

// adviceOn takes the message apart: what is wrong, and how to mend it.
func adviceOn(v Violation) advice {
	sentence, fix, found := strings.Cut(v.Message, "; ")
	if !found {
		sentence, fix, found = strings.Cut(v.Message, ": ")
	}
	if !found {
		fix = "send what Segment's page says"
	}
	return advice{Violation: v, Sentence: asSentence(sentence), Fix: asSentence(fix), Link: linkOf(v)}
}

func asSentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + text[1:] + "."
}

func adviceOnAll(violations []Violation) []advice {
	all := make([]advice, len(violations))
	for i, v := range violations {
		all[i] = adviceOn(v)
	}
	return all
}

// violationCount is one kind of violation or warning among the calls that are
// held.
type violationCount struct {
	advice
	Calls   int    `json:"calls"`
	LastSeq uint64 `json:"last_seq"`
}

func (s *Sandbox) serveViolations(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	calls, ok := s.matching(w, r, &filter)
	if !ok {
		return
	}
	violations, warnings := tallies{}, tallies{}
	for _, call := range calls {
		violations.add(call.Seq, call.Violations)
		warnings.add(call.Seq, call.Warnings)
	}
	answerJSON(w, http.StatusOK, map[string][]violationCount{
		"violations": violations.mostFirst(), "warnings": warnings.mostFirst(),
	})
}

// tallies counts by kind.
type tallies map[Violation]*violationCount

func (t tallies) add(seq uint64, list []Violation) {
	for _, v := range list {
		if t[v] == nil {
			t[v] = &violationCount{advice: adviceOn(v)}
		}
		t[v].Calls++
		t[v].LastSeq = seq
	}
}

func (t tallies) mostFirst() []violationCount {
	counts := []violationCount{}
	for _, kind := range t {
		counts = append(counts, *kind)
	}
	slices.SortFunc(counts, func(a, b violationCount) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return counts
}
