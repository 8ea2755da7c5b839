package segment_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/segment"
)

func TestTheTextOfAViolationIsStable(t *testing.T) {
	v := segment.Violation{Reason: segment.ReasonIDRequired, Field: "groupId", Sentence: "a sentence: with a colon"}
	assert.EqualError(t, &v, "segment id_required groupId: a sentence: with a colon")
	v.Field = ""
	assert.EqualError(t, &v, "segment id_required -: a sentence: with a colon")
}

func TestNoViolationShowsAValueOfThePayload(t *testing.T) {
	const canary = "canary"
	for _, payload := range []string{
		`"canary"`, `{"canary":`, `{"type":"canary","userId":"u"}`, `{"type":"page","canary":1}`,
		`{"type":"page","userId":{"canary":"canary"}}`, `{"type":"track","userId":"u","event":["canary"]}`,
		`{"type":"track","userId":"u","event":"E","properties":"canary"}`,
		`{"type":"identify","userId":"u","context":{"traits":"canary"}}`,
		`{"type":"page","userId":"u","timestamp":"canary"}`, `{"type":"page","userId":"u","x":canary}`,
		`{"type":"page","userId":"u","context":{"device":{"advertisingId":["canary"]}}}`,
		`{"type":"page","userId":"u"}canary`, `[{"type":"page","userId":"u"},"canary"]`,
	} {
		t.Run(payload, func(t *testing.T) {
			assert.False(t, strings.Contains(refused(t, payload).Error(), canary))
		})
	}
}
