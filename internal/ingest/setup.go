package ingest

import "github.com/Jeffail/gabs/v2"

// SourceConfigDocument is what SDKs of RudderStack ask for before they send: which
// destinations they have to serve themselves, which is none. It has what each of
// them insists on: v3 and v1.1 for browsers a source with id, config and
// destinations, Kotlin its names and times, Swift statsCollection, the older
// mobile ones enabled. There are no dataplanes, which would replace the address
// that the app has set.
func SourceConfigDocument(writeKey string) []byte {
	const name, since = "benthos-segment", "2026-01-01T00:00:00.000Z"
	doc := gabs.New()
	set(doc, name, "source", "id")
	set(doc, name, "source", "name")
	set(doc, writeKey, "source", "writeKey")
	set(doc, name, "source", "workspaceId")
	set(doc, true, "source", "enabled")
	set(doc, since, "source", "updatedAt")
	set(doc, since, "source", "createdAt")
	set(doc, []any{}, "source", "destinations")
	set(doc, []any{}, "source", "connections")
	// What SDKs report about themselves would be thrown away here.
	set(doc, false, "source", "config", "statsCollection", "errors", "enabled")
	set(doc, false, "source", "config", "statsCollection", "metrics", "enabled")
	set(doc, since, "updatedAt")
	return doc.EncodeJSON()
}

// Address is where clients reach a server.
type Address struct {
	// Scheme is http or https, Host a name with its port where there is one.
	Scheme, Host string
	// Prefix is the path before that of a route, without a slash at its end.
	Prefix string
}

const (
	// patientRetries and patientSeconds are how long SDKs of Segment are told to
	// hold on to what they could not send. Browsers cut the number to 100.
	patientRetries = 1_000
	patientSeconds = 604_800
)

// SettingsDocument is what SDKs of Segment ask for before they send, with the address for
// their events. Without Segment.io they would send to Segment itself, without
// apiKey no key at all, and without protocol by https. There are no
// consentSettings, with which they drop events of those who did not consent.
func SettingsDocument(writeKey string, at Address) []byte {
	doc := gabs.New()
	const io = "Segment.io"
	set(doc, writeKey, "integrations", io, "apiKey")
	set(doc, at.Host+at.Prefix+"/v1", "integrations", io, "apiHost")
	set(doc, at.Scheme, "integrations", io, "protocol")
	for _, kind := range []string{"rateLimitConfig", "backoffConfig"} {
		set(doc, true, "integrations", io, "httpConfig", kind, "enabled")
		set(doc, patientRetries, "integrations", io, "httpConfig", kind, "maxRetryCount")
	}
	set(doc, patientSeconds, "integrations", io, "httpConfig", "backoffConfig", "maxTotalBackoffDuration")
	set(doc, 0, "metrics", "sampleRate")
	for _, empty := range []string{"plan", "edgeFunction", "middlewareSettings"} {
		set(doc, map[string]any{}, empty)
	}
	return doc.EncodeJSON()
}

// set puts a value where there is nothing in the way, which alone it could fail
// for.
func set(doc *gabs.Container, value any, path ...string) {
	_, _ = doc.Set(value, path...)
}
