package publicapi

import "net/url"

// Regions are the addresses of the API by the names of Segment's regions. The
// token of a workspace works in the workspace's region.
// https://docs.segmentapis.com/tag/Getting-Started
var Regions = map[string]string{
	"us": "https://api.segmentapis.com",
	"eu": "https://eu1.api.segmentapis.com",
}

// regionOf returns the region that an address belongs to, if it is one.
func regionOf(address string) string {
	to, err := url.Parse(address)
	if err != nil {
		return ""
	}
	for name, base := range Regions {
		if u, _ := url.Parse(base); u.Host == to.Host {
			return name
		}
	}
	return ""
}
