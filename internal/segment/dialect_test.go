package segment_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/segment"
)

// In RudderStack's meaning this object excludes Segment; in Segment's it
// selects one destination.
const onlyMixpanel = `"integrations":{"All":false,"Mixpanel":true}`

// reading returns in which meaning an event's integrations were read with
// default settings.
func reading(t *testing.T, conf segment.Config, from segment.Provenance, members string) string {
	t.Helper()
	calls, skips, v := segment.NewConverter(conf).Convert(nil, []byte(`{"type":"page","userId":"u",`+members+`}`), from)
	require.Nil(t, v, "%v", v)
	if skips.Integrations == 1 {
		require.Empty(t, calls)
		return "RudderStack's"
	}
	require.Len(t, calls, 1)
	if _, isForwarded := rawMembers(t, calls[0].JSON)["integrations"]; isForwarded {
		return "Segment's"
	}
	return "none"
}

func TestTheFirstSignOfADialectDecides(t *testing.T) {
	const rudderStacks, segments = "RudderStack's", "Segment's"
	library := func(name string) string { return `"context":{"library":{"name":"` + name + `","version":"1"}}` }
	for name, row := range map[string]struct{ members, want string }{
		"none":                                           {`"x":1`, segments},
		"rudderId":                                       {`"rudderId":"r"`, rudderStacks},
		"rudderId of null":                               {`"rudderId":null`, segments},
		"rudderId before an archive's sign":              {`"rudderId":"r","projectId":"p","version":2,` + library("@segment/analytics-node"), rudderStacks},
		"RudderStack's library for the web":              {library("RudderLabs JavaScript SDK"), rudderStacks},
		"RudderStack's library for Android":              {library("com.rudderstack.android.sdk.core"), rudderStacks},
		"RudderStack's library for iOS":                  {library("rudder-ios-library"), rudderStacks},
		"RudderStack's library for Python":               {library("rudder-analytics-python"), rudderStacks},
		"RudderStack's library before an archive's sign": {library("RudderLabs JavaScript SDK") + `,"projectId":"p"`, rudderStacks},
		"Segment's library for the web":                  {library("analytics.js"), segments},
		"Segment's library for Node":                     {library("@segment/analytics-node") + `,"originalTimestamp":"2026-01-02","channel":"server"`, segments},
		"an archive's projectId":                         {`"projectId":"p","originalTimestamp":"2026-01-02","channel":"server"`, segments},
		"an archive's version":                           {`"version":2,"originalTimestamp":"2026-01-02","channel":"server"`, segments},
		"a runtime of Segment's SDK":                     {`"_metadata":{"jsRuntime":"node"},"originalTimestamp":"2026-01-02","channel":"server"`, segments},
		"what a device has delivered":                    {`"_metadata":{"bundled":[]},"originalTimestamp":"2026-01-02","channel":"mobile"`, segments},
		"a version of Node says nothing":                 {`"_metadata":{"nodeVersion":"20"},"originalTimestamp":"2026-01-02","channel":"server"`, rudderStacks},
		"RudderStack's SDKs straight":                    {library("analytics-go") + `,"originalTimestamp":"2026-01-02","channel":"server"`, rudderStacks},
		"originalTimestamp alone":                        {`"originalTimestamp":"2026-01-02"`, segments},
		"channel alone":                                  {`"channel":"server"`, segments},
		"a library that both have":                       {library("analytics-python"), segments},
		"a library whose name is last":                   {`"context":{"library":{"version":"1","name":"RudderLabs JavaScript SDK"}}`, rudderStacks},
		"a library with an escaped name":                 {library(`\u0040segment/analytics-node`) + `,"originalTimestamp":"2026-01-02","channel":"server"`, segments},
		"a library whose name is a number":               {`"context":{"library":{"name":1}}`, segments},
		"a library that is no object":                    {`"context":{"library":"rudder"}`, segments},
		"a context that says rudder elsewhere":           {`"context":{"library":{"name":"x"},"app":{"name":"rudder"}}`, segments},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, row.want, reading(t, config(), fromKey, onlyMixpanel+","+row.members))
		})
	}
}

func TestAnObjectThatNamesSegmentSaysWhoseItIs(t *testing.T) {
	for integrations, want := range map[string]string{
		`{"All":true,"Segment":true}`:                  "none", // RudderStack's, which goes on without the object.
		`{"All":false,"SEGMENT":true}`:                 "none",
		`{"Segment":false}`:                            "RudderStack's",
		`{"S\u0065gment":false}`:                       "RudderStack's",
		`{"All":false,"Segment.io":true}`:              "Segment's",
		`{"Segment.io":false}`:                         "Segment's",
		`{"Segment.io":true,"Segment":false}`:          "RudderStack's",
		`{"All":false}`:                                "Segment's",
		`{"All":false,"segment":true}`:                 "Segment's",
		`{"All":false,"Mixpanel":{"Segment":"false"}}`: "Segment's",
	} {
		t.Run(integrations, func(t *testing.T) {
			assert.Equal(t, want, reading(t, config(), fromKey, `"integrations":`+integrations))
		})
	}
}

func TestWhoeverTookAnEventInKnowsItsDialect(t *testing.T) {
	const looksLikeRudderStacks, looksLikeSegments = onlyMixpanel + `,"rudderId":"r"`, onlyMixpanel + `,"projectId":"p"`
	told := func(d segment.Dialect) segment.Provenance {
		return segment.Provenance{WriteKey: "key", Dialect: func() segment.Dialect { return d }}
	}
	assert.Equal(t, "Segment's", reading(t, config(), told(segment.DialectSegment), looksLikeRudderStacks))
	assert.Equal(t, "RudderStack's", reading(t, config(), told(segment.DialectRudderStack), looksLikeSegments))
	assert.Equal(t, "RudderStack's", reading(t, config(), told(segment.DialectUnknown), looksLikeRudderStacks))

	conf := config()
	conf.Dialect = segment.DialectSegment
	assert.Equal(t, "Segment's", reading(t, conf, fromKey, looksLikeRudderStacks))
	assert.Equal(t, "RudderStack's", reading(t, conf, told(segment.DialectRudderStack), looksLikeSegments), "of one event first")
}

func TestADialectHasAName(t *testing.T) {
	for d := segment.DialectRudderStack; d <= segment.DialectSegment; d++ {
		assert.Equal(t, d, segment.ParseDialect(d.String()))
	}
	assert.Equal(t, segment.DialectUnknown, segment.ParseDialect("unknown"))
	assert.Equal(t, segment.DialectUnknown, segment.ParseDialect("Segment"))
}
