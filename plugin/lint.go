package plugin

import (
	"fmt"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/segment"
	"benthos-segment/plugin/internal/outcomes"
	"benthos-segment/plugin/internal/parsed"
	"benthos-segment/plugin/internal/policy"
	"benthos-segment/plugin/internal/verification"
)

// lintRule holds every check of a config that does not need it to run. The linter
// uses it, and so does the constructor, because configs that are built in code are
// not always linted.
var lintRule = fmt.Sprintf(`
let segment = {"call_bytes": %d, "request_bytes": %d, "request_calls": %d}
let default = {"call_bytes": %d, "request_bytes": %d}
`, segment.MaxCallBytes, segment.MaxRequestBytes, segment.MaxRequestCalls, segment.DefaultMaxCallBytes, defaultMaxRequestBytes) + parsed.FileName + parsed.SomeTime + `
root = []

let write_key = this.write_key.or("").string().trim()
if $write_key == "" && this.exists("write_key") {
  root = root.append("field write_key is empty: set it to the write key of the source at Segment, for example with ${SEGMENT_WRITE_KEY}")
}
if $write_key.re_match($file_name) {
  root = root.append("field write_key is the name of a file and not a key, and no file is read: Segment would answer 200 and throw all calls away; write ${! file(path: \"…\", no_cache: true).string() }, or set a variable from the file before the start")
}
if !$write_key.contains("${!") && $write_key.re_match("\\s") {
  root = root.append("field write_key has a blank or a line break in it, which no write key has: copy it again")
}

# Hosts that plain http is accepted for, and hosts where clouds serve metadata.
let near = """^(localhost|[a-z][a-z0-9_-]*|127(\.[0-9]{1,3}){3}|10(\.[0-9]{1,3}){3}|192\.168(\.[0-9]{1,3}){2}|172\.(1[6-9]|2[0-9]|3[01])(\.[0-9]{1,3}){2}|\[::1\]|\[f[cd][0-9a-f:]*\])$"""
let metadata = """^(169\.254(\.[0-9]{1,3}){2}|\[fe[89ab][0-9a-f]:.*\]|\[::ffff:(169\.254\..*|a9fe:.*)\])$"""

let endpoint = this.endpoint.or("").string().trim()
let url = $endpoint.parse_url().catch({})
let scheme = $url.scheme.or("")
let host = $url.host.or("").lowercase().re_replace(":[0-9]*$", "")
let port = if $url.host.or("").re_match(":[0-9]+$") { $url.host.re_replace("^.*:", "").number() } else { 443 }
let route = """/v1/+(batch|import|identify|track|page|screen|group|alias|b|i|t|p|s|g|a)/*$"""
if $endpoint != "" && !["http", "https"].contains($scheme) {
  root = root.append("field endpoint must begin with http:// or https://, as in https://events.example.com")
}
if ["http", "https"].contains($scheme) && $host == "" {
  root = root.append("field endpoint needs a host, as in https://events.example.com")
}
if $port < 1 || $port > 65535 {
  root = root.append("field endpoint has an invalid port: ports are from 1 to 65535")
}
if $url.exists("user") {
  root = root.append("field endpoint must not hold a user or password: the write key goes into write_key")
}
if $endpoint.contains("?") || $endpoint.contains("#") {
  root = root.append("field endpoint must be a base URL, without a query or fragment: leave out ? and #, and everything after them")
}
if $endpoint.lowercase().re_match($route) {
  root = root.append("field endpoint must be a base URL, and not a route of the API, which the output adds itself: write https://events.example.com and not https://events.example.com/v1/batch")
}
if $scheme == "http" && $host != "" && !$host.re_match($near) {
  root = root.append("field endpoint must use https: the write key goes with every request, so plain http is accepted only for loopback, for hosts without a dot and for private addresses")
}
if $scheme == "https" && $host.re_match($metadata) {
  root = root.append("field endpoint must not be a link-local address: clouds serve their metadata there")
}

let proxy = this.proxy_url.or("").string().trim()
let proxy_scheme = $proxy.parse_url().catch({}).scheme.or("")
let proxy_host = $proxy.parse_url().catch({}).host.or("").re_replace(":[0-9]*$", "")
if $proxy != "" && !["http", "https", "socks5", "socks5h"].contains($proxy_scheme) {
  root = root.append("field proxy_url must begin with http://, https://, socks5:// or socks5h://, as in http://proxy:3128")
}
if ["http", "https", "socks5", "socks5h"].contains($proxy_scheme) && $proxy_host == "" {
  root = root.append("field proxy_url needs a host, as in http://proxy:3128")
}

let oauth = [this.oauth.client_id.or(""), this.oauth.key_id.or(""), this.oauth.private_key.or("")].map_each(part -> part.string().trim())
if $oauth.any(part -> part != "") && $oauth.any(part -> part == "") {
  root = root.append("field oauth needs client_id, key_id and private_key together: set all three, or none")
}

let oauth_server = this.oauth.server.or("").string().trim()
let oauth_url = $oauth_server.parse_url().catch({})
let oauth_scheme = $oauth_url.scheme.or("")
let oauth_host = $oauth_url.host.or("").lowercase().re_replace(":[0-9]*$", "")
if $oauth_server != "" && (!["http", "https"].contains($oauth_scheme) || $oauth_host == "") {
  root = root.append("field oauth.server must begin with http:// or https://, followed by a host, as in https://oauth2.segment.io")
}
if $oauth_url.exists("user") {
  root = root.append("field oauth.server must not hold a user or password")
}
if $oauth_server.contains("?") || $oauth_server.contains("#") {
  root = root.append("field oauth.server must be a base URL, without a query or fragment: leave out ? and #, and everything after them")
}
if $oauth_server.lowercase().re_match("/token/*$") {
  root = root.append("field oauth.server must be a base URL: the output adds /token itself, so write https://oauth2.segment.io and not https://oauth2.segment.io/token")
}
if $oauth_scheme == "http" && !$oauth_host.re_match($near) {
  root = root.append("field oauth.server must use https: plain http is accepted only for loopback, for hosts without a dot and for private addresses")
}
if $oauth_scheme == "https" && $oauth_host.re_match($metadata) {
  root = root.append("field oauth.server must not be a link-local address: clouds serve their metadata there")
}

let region = this.region.or("us").string().lowercase()
let eu_host = "events.eu1.segmentapis.com"
if $region == "eu" && $host == "api.segment.io" {
  root = root.append("field endpoint is the host of region us, and region is eu: calls for the other region are answered with 200 and never appear, so remove endpoint, or set region: us")
}
if $region == "us" && $host == $eu_host && $oauth_server == "" && $oauth.any(part -> part != "") {
  root = root.append("field region is us, and endpoint is the host of eu: tokens of one region are not valid in the other, so set region: eu")
}
let elsewhere = """^((www|app|api|docs|cdn)\.segment\.com|segment\.com|cdn\.segment\.io|(eu1\.)?api\.segmentapis\.com|(eu1\.)?app\.segment\.com|oauth2\.(segment\.io|eu1\.segmentapis\.com))$"""
if $host.re_match($elsewhere) {
  root = root.append("field endpoint is a host of Segment that takes no events: remove endpoint, and set region to that of the workspace")
}

let message_id = this.message_id.or("").string().trim()
if $message_id != "" && !$message_id.contains("${!") {
  root = root.append("field message_id is the same for all messages, and Segment keeps only one call of an id: write ${! … }, as in ${! json(\"id\") }, or leave it out")
}

let batching = this.batching.or({})
let period = $batching.period.or("").string().trim()
if $period != "" && !$period.re_match("^[+]?(0|([0-9]+[.]?[0-9]*|[.][0-9]+)(ns|us|µs|μs|ms|s|m|h))+$") {
  root = root.append("field batching.period must be a duration, such as 100ms or 1s")
}
let gathers = $batching.count.or(0).number().catch(0) > 1 || $batching.byte_size.or(0).number().catch(0) > 0
if $gathers && $batching.period.or("") == "" {
  root = root.append("field batching needs a period next to count or byte_size: without one, the last messages are never sent")
}

let in_flight = this.max_in_flight.or(1).number().catch(1)
if $in_flight < 1 {
  root = root.append("field max_in_flight must be at least 1")
}
let parallel = this.parallel_requests.or(1).number().catch(1)
if $parallel < 1 {
  root = root.append("field parallel_requests must be at least 1")
}
let events = this.events_per_second.or(0).number().catch(0)
if $events < 0 || $events > 1000000 || $events != $events.floor() {
  root = root.append("field events_per_second must be a whole number from 1 to 1000000, or 0 for no limit: Segment asks for no more than 1000")
}

let timeout = this.timeout.or("1s").string()
if !($timeout.re_match($some_time) && $timeout.re_match("[1-9]")) {
  root = root.append("field timeout must be a duration of more than 0s, such as 15s")
}
let initial_interval = this.retry.initial_interval.or("1s").string()
if !($initial_interval.re_match($some_time) && $initial_interval.re_match("[1-9]")) {
  root = root.append("field retry.initial_interval must be a duration of more than 0s, such as 500ms")
}
let max_interval = this.retry.max_interval.or("1s").string()
if !($max_interval.re_match($some_time) && $max_interval.re_match("[1-9]")) {
  root = root.append("field retry.max_interval must be a duration of more than 0s, such as 60s")
}

let call_bytes = this.max_call_bytes.or($default.call_bytes).number().catch($default.call_bytes)
let request_bytes = this.max_request_bytes.or($default.request_bytes).number().catch($default.request_bytes)
let request_calls = this.max_request_calls.or(1).number().catch(1)
if $request_calls < 1 || $request_calls > $segment.request_calls {
  root = root.append("field max_request_calls must be from 1 to %v: Segment silently discards calls above that".format($segment.request_calls))
}
if $call_bytes < 1 || $call_bytes > $segment.call_bytes {
  root = root.append("field max_call_bytes must be from 1 to %v: Segment accepts no larger call".format($segment.call_bytes))
}
if $request_bytes < $call_bytes + 64 || $request_bytes > $segment.request_bytes {
  root = root.append("field max_request_bytes must be from max_call_bytes + 64 to %v: Segment accepts no larger request".format($segment.request_bytes))
}
` + policy.LintRule + outcomes.LintRule + verification.LintRule

// check runs the lint rule of the output over a config that has been parsed.
func check(conf *service.ParsedConfig) error { return parsed.Check(lintRule, conf) }
