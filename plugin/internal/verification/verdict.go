package verification

import (
	"fmt"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/publicapi"
)

// verdict is what becomes of the calls, by all that is known.
type verdict struct {
	source publicapi.Source
	client *publicapi.Client
	// wrong says why Segment throws all of them away, and unknown why nobody can
	// tell. Both are empty while all is well.
	wrong, unknown string
	// well says what was found while all is well.
	well string
}

// judge says what a list means for a configuration.
func judge(conf Config, found *publicapi.Listing) verdict {
	source, state := found.Of(conf.WriteKey)
	v := verdict{source: source, client: found.Client}
	space := found.Workspace.Name
	key := ingest.Fingerprint(conf.WriteKey)
	switch {
	case conf.IsOfRegion && found.Region != "" && found.Region != conf.Region:
		v.wrong = fmt.Sprintf("workspace %q is in the region %s, and calls go to the region %s, which answers 200 and throws all of them away: set region: %s, and no endpoint",
			space, found.Region, conf.Region, found.Region)
	case state == publicapi.Unshown:
		v.unknown = fmt.Sprintf("the token of verify shows none of the write keys of workspace %q, so nobody can tell whether the key is right: "+
			"give the token the role Source Admin on the source", space)
	case state == publicapi.Sourceless:
		v.unknown = fmt.Sprintf("the token of verify sees no source of workspace %q, so nobody can tell whether the key is right: "+
			"give the token the role Source Admin on the source, or make the source if there is none", space)
	case state == publicapi.Unknown:
		v.wrong = fmt.Sprintf("no source of workspace %q that the token of verify may see has the write key %s, so Segment answers 200 and throws all calls away: "+
			"check write_key, and whether the token is of the same workspace and has the role Source Admin on the source", space, key)
	case state == publicapi.Disabled:
		v.wrong = fmt.Sprintf("source %q of workspace %q is disabled, so Segment answers 200 and throws all calls away: enable the source at Segment",
			source.Title(), space)
	default:
		v.well = fmt.Sprintf("source %q of workspace %q has the write key and is enabled", source.Title(), space)
	}
	return v
}
