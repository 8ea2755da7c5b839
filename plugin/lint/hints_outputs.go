package lint

import (
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

// outputHints looks at each segment output and at what it is in.
func outputHints(d document, outputs []placed) (hints []finding) {
	for _, out := range outputs {
		if _, isTaken := out.within("fallback", "drop_on", "output_resources"); !isTaken {
			hints = append(hints, hint(out.key, "there is no dead letter: a message that is refused is delivered again and again "+
				"and slows down all others; make this output the first of a fallback"))
		}
		hints = append(hints, keyHints(out)...)
		hints = append(hints, idHints(out)...)
	}
	for _, place := range placesOf(d, outputs) {
		hints = append(hints, wrapperHints(place)...)
	}
	return hints
}

// isOfFile is an interpolation that reads a file of one name: the key is the same for
// all messages, until the file is replaced.
var isOfFile = regexp.MustCompile(`^\$\{! *file\((path: *)?"[^"]*"(, *(no_cache: *)?true)?\)(\.(string|trim)\(\))* *\}$`)

func keyHints(out placed) []finding {
	writeKey := member(out.value, "write_key")
	isRejecting := strings.EqualFold(scalar(member(out.value, "on_setup_error")), "reject")
	if !strings.Contains(scalar(writeKey), "${!") || isRejecting || isOfFile.MatchString(scalar(writeKey)) {
		return nil
	}
	return []finding{hint(writeKey, "write_key is different for each message: set on_setup_error to reject, or one "+
		"wrong key stops all others")}
}

// everNew are functions of Bloblang that give something else each time.
var everNew = regexp.MustCompile(`\b(uuid_v4|uuid_v7|ksuid|nanoid|ulid|snowflake_id|counter|random_int|now|timestamp_unix\w*)\(`)

// idHints looks for ids that change when an event is read again.
func idHints(out placed) []finding {
	id := member(out.value, "message_id")
	function := everNew.FindStringSubmatch(scalar(id))
	if function == nil {
		return nil
	}
	return []finding{hint(id, fmt.Sprintf("message_id is made with %s(), which is different each time: an event that is read again gets "+
		"another id, and Segment keeps both; make it of what the event says, or leave it out", function[1]))}
}

// placesOf finds where segment outputs are: where they are written, and where
// those that are resources are used.
func placesOf(d document, outputs []placed) []placed {
	return append(slices.Clone(outputs), usesOf(d, outputs)...)
}

// usesOf finds where a segment output that is a resource is used.
func usesOf(d document, outputs []placed) (uses []placed) {
	var labels []string
	for _, resource := range listed(d.section("output_resources")) {
		if slices.ContainsFunc(outputs, func(out placed) bool { return member(resource, out.key.Value) == out.value }) {
			labels = append(labels, scalar(member(resource, "label")))
		}
	}
	for _, section := range d.sections("output", "output_resources") {
		walk(section, nil, func(p placed) {
			if p.key.Value == "resource" && slices.Contains(labels, scalar(p.value)) {
				uses = append(uses, p)
			}
		})
	}
	return uses
}

// wrapperHints looks at outputs that take what comes before this one.
func wrapperHints(out placed) (hints []finding) {
	if dropOn, isIn := out.within("drop_on"); isIn {
		hints = append(hints, hint(dropOn.key, "drop_on hands over one batch and waits for its answer before the next: where events "+
			"come one by one, only one passes in each batching.period, and with back_pressure good events are dropped while Segment "+
			"is away; use a fallback whose last output is drop: {}"))
	}
	if retry, isIn := out.within("retry"); isIn {
		hints = append(hints, hint(retry.key, "retry sends whole batches again and hides the reasons; the output retries by itself"))
	}
	return hints
}

// hostsOf are the regions of Segment by their hosts.
var hostsOf = map[string]string{
	"api.segment.io":             "us",
	"events.eu1.segmentapis.com": "eu",
}

// regionHints looks for a region that is set and does not count. That of a
// default is no matter. The other way round, with eu and the host of us, the output
// refuses the configuration.
func regionHints(_ document, outputs []placed) (hints []finding) {
	for _, out := range outputs {
		region := member(out.value, "region")
		endpoint, err := url.Parse(scalar(member(out.value, "endpoint")))
		if region == nil || err != nil {
			continue
		}
		of, isSegment := hostsOf[strings.ToLower(endpoint.Hostname())]
		if set := strings.ToLower(scalar(region)); isSegment && set == "us" && of != set {
			hints = append(hints, hint(region, fmt.Sprintf("region is %s, and endpoint is the host of %s, which decides: remove endpoint, "+
				"and set region to that of the workspace", set, of)))
		}
	}
	return hints
}
