package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

func TestWhatIsDroppedIsNoted(t *testing.T) {
	for name, row := range map[string]struct {
		payload string
		notes   []string
	}{
		"nothing where all leaves": {
			`{"type":"track","userId":"u","anonymousId":"a","event":"E","properties":{"a":1},"context":{},"messageId":"m","channel":"web","timestamp":"2026-01-02"}`, nil,
		},
		"members that nobody knows": {
			`{"type":"page","userId":"u","coupon":"X","Type":1,"\u0061b":[1]}`,
			[]string{"member_dropped coupon", "member_dropped Type", "member_dropped ab"},
		},
		"members of other calls": {
			`{"type":"identify","userId":"u","event":"E","name":"N","category":"C","properties":{"a":1},"previousId":"p","from":"f","to":"t","batch":[1]}`,
			[]string{
				"member_dropped event", "member_dropped name", "member_dropped category", "member_dropped properties",
				"member_dropped previousId", "member_dropped from", "member_dropped to", "member_dropped batch",
			},
		},
		"none that holds nothing": {
			`{"type":"identify","userId":"u","event":"","name":null,"properties":{ },"x":null,"y":"","z":[ ],"previousId":"","batch":[],"rudderId":"","channel":""}`, nil,
		},
		"what SDKs, gateways and archives write for themselves": {
			`{"type":"page","userId":"u","rudderId":"r","writeKey":"k","_metadata":{"nodeVersion":"20"},"projectId":"p","version":2}`,
			[]string{
				"internal_dropped _metadata", "internal_dropped rudderId", "internal_dropped writeKey",
				"internal_dropped projectId", "internal_dropped version",
			},
		},
		"no part of what leaves of _metadata": {
			`{"type":"page","userId":"u","_metadata":{"nodeVersion":"20","bundled":[1]}}`, nil,
		},
		"nothing that others are made of": {
			`{"type":"page","userId":"u","timestamp":"2026-01-02","originalTimestamp":"2026-01-02","sentAt":"2026-01-02","receivedAt":"2026-01-02","request_ip":"192.0.2.1"}`, nil,
		},
		"nothing that has another place": {
			`{"type":"track","userId":"u","event":"E","traits":{"a":1},"groupId":"g"}`, nil,
		},
		"the event of a screen only where it is not the name": {
			`[{"type":"screen","userId":"u","event":"Home"},{"type":"screen","userId":"u","event":"Home","name":"Start"}]`,
			[]string{"member_dropped 1.event"},
		},
		"from and to only where they are not the ids": {
			`[{"type":"alias","from":"f","to":"t"},{"type":"alias","userId":"u","previousId":"p","from":"f","to":"t"}]`,
			[]string{"member_dropped 1.from", "member_dropped 1.to"},
		},
		"traits that have no other place": {
			`[{"type":"track","userId":"u","event":"E","traits":"x"},{"type":"page","userId":"u","traits":{"a":1},"context":{"traits":"x"}}]`,
			[]string{"member_dropped 0.traits", "member_dropped 1.context.traits"},
		},
		"a group that has no other place": {
			`[{"type":"page","userId":"u","groupId":"a","context":{"groupId":"b"}},{"type":"page","userId":"u","groupId":"a","context":{"groupId":"a"}},{"type":"page","userId":"u","groupId":true}]`,
			[]string{"member_dropped 0.groupId", "member_dropped 2.groupId"},
		},
		"a channel that Segment does not know": {
			`[{"type":"page","userId":"u","channel":"http"},{"type":"page","userId":"u","channel":1}]`,
			[]string{"member_dropped 0.channel", "member_dropped 1.channel"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			converter := segment.NewConverter(config())
			_, _, v := converter.Convert(nil, []byte(row.payload), fromKey)
			require.Nil(t, v, "%v", v)
			assert.ElementsMatch(t, row.notes, described(converter.Notes()))
		})
	}
}

func TestNothingIsNotedAboutSkippedOrRefusedEvents(t *testing.T) {
	for _, payload := range []string{
		`{"type":"page","userId":"u","coupon":1,"integrations":{"Segment":false}}`,
		`{"type":"page","coupon":1}`,
	} {
		converter := segment.NewConverter(config())
		calls, _, _ := converter.Convert(nil, []byte(payload), fromKey)
		assert.Empty(t, calls)
		assert.Empty(t, converter.Notes(), payload)
	}
}

// Each member counts once, in whatever call it is the name is the same.
func TestANoteNamesTheMember(t *testing.T) {
	converter := segment.NewConverter(config())
	_, _, v := converter.Convert(nil, []byte(`[{"type":"page","userId":"u","coupon":1},{"type":"page","userId":"u","coupon":2}]`), fromKey)
	require.Nil(t, v)
	require.Len(t, converter.Notes(), 2)
	for _, n := range converter.Notes() {
		assert.Equal(t, "coupon", n.Member())
	}
}

func TestANoteOfADroppedMemberCostsNoAllocation(t *testing.T) {
	payload := []byte(`{"type":"page","userId":"u","messageId":"m","context":{"library":{}},"rudderId":"r","coupon":1,"event":"E"}`)
	converter := segment.NewConverter(config())
	calls := make([]segment.Call, 0, 1)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		converter.Reset()
		_, _, v := converter.Convert(calls, payload, fromKey)
		require.Nil(t, v)
	}))
	assert.Len(t, converter.Notes(), 3)
}
