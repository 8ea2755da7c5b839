package segment

import "benthos-segment/internal/segment/internal/jsonscan"

// metadataSet says what a _metadata object holds.
type metadataSet uint8

const (
	// metadataBundled is what a device has delivered to destinations by itself.
	metadataBundled metadataSet = 1 << iota
	// metadataRuntime is where Segment's SDK for Node ran.
	metadataRuntime
	// metadataOther is everything else, such as the nodeVersion that
	// RudderStack's SDK writes, too.
	metadataOther
)

// isSegments says whether only an SDK of Segment's writes this.
func (s metadataSet) isSegments() bool { return s&(metadataBundled|metadataRuntime) != 0 }

// metadataNamed returns what a member of that quoted name says.
func metadataNamed(quoted []byte) metadataSet {
	switch string(quoted) {
	case `"bundled"`, `"unbundled"`, `"bundledIds"`:
		return metadataBundled
	case `"jsRuntime"`:
		return metadataRuntime
	default:
		return metadataOther
	}
}

// mendMetadata tells Segment what a device has delivered already, so that it
// is not delivered twice, where the event has Segment's meaning. The rest is
// for whoever has written it.
func (c *Converter) mendMetadata(mode IntegrationsMode) {
	d := &c.doc
	if jsonscan.IsEmpty(d.value[fieldMetadata]) {
		d.drop(fieldMetadata)
		return
	}
	if mode != IntegrationsForward || d.inMetadata&metadataBundled == 0 {
		c.notes.add(NoteInternalDropped, quotedNames[fieldMetadata])
		d.drop(fieldMetadata)
		return
	}
	if d.inMetadata != metadataBundled {
		c.keep(fieldMetadata, func(m jsonscan.Member) bool { return metadataNamed(m.Name) == metadataBundled })
	}
}
