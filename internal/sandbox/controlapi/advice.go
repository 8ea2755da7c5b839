package controlapi

import (
	"cmp"
	"net/http"
	"slices"
	"strings"

	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/segment"
)

// advice is a violation or a warning with everything that helps to fix it.
type advice struct {
	inbox.Violation
	// Sentence and Fix are the parts of the message.
	Sentence string `json:"sentence"`
	Fix      string `json:"fix"`
	// Link is Segment's page about it.
	Link string `json:"link"`
}

const segmentDocs = "https://www.twilio.com/docs/segment/"

// links name the page of Segment that has the rule.
var links = map[segment.Reason]string{
	segment.ReasonNoUserAnonID:          "connections/spec/common",
	segment.ReasonIDNotString:           "connections/spec/common",
	segment.ReasonContextNotObject:      "connections/spec/common",
	segment.ReasonTimestampUnparseable:  "connections/spec/common",
	segment.ReasonAdvertisingID:         "connections/spec/common",
	segment.ReasonUnknownType:           "connections/spec",
	segment.ReasonIDRequired:            "connections/spec/group",
	segment.ReasonEventNotDefined:       "connections/spec/track",
	segment.ReasonEventNotString:        "connections/spec/track",
	segment.ReasonPropertiesNotObject:   "connections/spec/track",
	segment.ReasonTraitsNotObject:       "connections/spec/identify",
	segment.ReasonNameNotString:         "connections/spec/page",
	segment.ReasonCategoryNotString:     "connections/spec/page",
	segment.ReasonConsentPreferences:    "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentNotObject:      "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentNotBool:        "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonConsentVersion:        "privacy/consent-management/consent-in-segment-connect",
	segment.ReasonMessageIDTooLong:      "unify/product-limits",
	segment.ReasonUnplanned:             planPage,
	segment.ReasonSchemaViolation:       planPage,
	segment.ReasonCommonSchemaViolation: planPage,
	"unplanned_and_schema_violation":    planPage,
	inbox.TraitTypeChanged:              "connections/storage/warehouses/schema",
	inbox.BlanksAround:                  "connections/spec/track",
}

const (
	planPage    = "protocols"
	aliasPage   = "connections/spec/alias"
	httpAPIPage = "connections/sources/catalog/libraries/server/http-api"
)

func linkOf(v inbox.Violation) string {
	if planKinds[v.Code] {
		return segmentDocs + planPage
	}
	if v.Field == "previousId" {
		return segmentDocs + aliasPage
	}
	return segmentDocs + cmp.Or(links[segment.Reason(v.Code)], httpAPIPage)
}

// planKinds are the kinds of findings of a tracking plan.
var planKinds = func() map[string]bool {
	kinds := make(map[string]bool)
	for k := segment.FindingUnplannedEvent; k <= segment.FindingUnjudged; k++ {
		kinds[k.String()] = true
	}
	return kinds
}()

// adviceOn takes the message apart: what is wrong, and how to fix it.
func adviceOn(v inbox.Violation) advice {
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

func adviceOnAll(list []inbox.Violation) []advice {
	all := make([]advice, len(list))
	for i, v := range list {
		all[i] = adviceOn(v)
	}
	return all
}

// violations shows what is wrong with the calls, the most frequent first.
func (api callsAPI) violations(w http.ResponseWriter, r *http.Request, q *query) {
	filter := q.filter()
	if q.refused(w) {
		return
	}
	calls, ok := matching(w, r, api.inbox, &filter)
	if !ok {
		return
	}
	violations, warnings, plan := kinds{}, kinds{}, kinds{}
	for _, call := range calls {
		violations.add(call.Seq, call.Violations)
		warnings.add(call.Seq, call.Warnings)
		plan.add(call.Seq, call.PlanFindings)
	}
	answer.JSON(w, http.StatusOK, map[string][]kind{
		"violations": violations.mostFirst(), "warnings": warnings.mostFirst(), "plan_findings": plan.mostFirst(),
	})
}

// kind is one kind of violation or warning, and the calls that have it.
type kind struct {
	advice
	Calls   int    `json:"calls"`
	LastSeq uint64 `json:"last_seq"`
}

type kinds map[inbox.Violation]*kind

func (k kinds) add(seq uint64, list []inbox.Violation) {
	for _, v := range list {
		if k[v] == nil {
			k[v] = &kind{advice: adviceOn(v)}
		}
		k[v].Calls++
		k[v].LastSeq = seq
	}
}

func (k kinds) mostFirst() []kind {
	list := []kind{}
	for _, one := range k {
		list = append(list, *one)
	}
	slices.SortFunc(list, func(a, b kind) int {
		return cmp.Or(cmp.Compare(b.Calls, a.Calls), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Field, b.Field), cmp.Compare(a.Message, b.Message))
	})
	return list
}
