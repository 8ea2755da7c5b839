package verification

// LintRule checks the object verify. It follows the rule of the output, whose
// variables it uses.
const LintRule = `
let verify_token = this.verify.token.or("").string().trim()
if $verify_token.re_match("\\s") {
  root = root.append("field verify.token has a blank or a line break in it, which no token has: copy it again")
}
if $verify_token.re_match($file_name) {
  root = root.append("field verify.token is the name of a file and not a token, and no file is read: set a variable from the file before the start, as in ${SEGMENT_PUBLIC_API_TOKEN}")
}
if this.verify.required.or(false).string() == "true" && $verify_token == "" {
  root = root.append("field verify.required needs verify.token: set it to a token of Segment's Public API, for example with ${SEGMENT_PUBLIC_API_TOKEN}")
}
if this.verify.required.or(false).string() == "true" && $write_key.contains("${!") {
  root = root.append("field verify.required needs a write_key that is the same for all messages: nobody can tell before which key an interpolated one becomes")
}
let verify_interval = this.verify.interval.or("5m").string()
if !($verify_interval.re_match($some_time) && $verify_interval.re_match("[1-9]")) {
  root = root.append("field verify.interval must be a duration of more than 0s, such as 5m")
}

let verify_endpoint = this.verify.endpoint.or("").string().trim()
let verify_url = $verify_endpoint.parse_url().catch({})
let verify_scheme = $verify_url.scheme.or("")
let verify_host = $verify_url.host.or("").lowercase().re_replace(":[0-9]*$", "")
if $verify_endpoint != "" && (!["http", "https"].contains($verify_scheme) || $verify_host == "") {
  root = root.append("field verify.endpoint must begin with http:// or https://, followed by a host, as in https://api.segmentapis.com")
}
if $verify_url.exists("user") {
  root = root.append("field verify.endpoint must not hold a user or password: the token goes into verify.token")
}
if $verify_endpoint.contains("?") || $verify_endpoint.contains("#") {
  root = root.append("field verify.endpoint must be a base URL, without a query or fragment: leave out ? and #, and everything after them")
}
if $verify_scheme == "http" && $verify_host != "" && !$verify_host.re_match($near) {
  root = root.append("field verify.endpoint must use https: the token goes with every request, so plain http is accepted only for loopback, for hosts without a dot and for private addresses")
}
if $verify_scheme == "https" && $verify_host.re_match($metadata) {
  root = root.append("field verify.endpoint must not be a link-local address: clouds serve their metadata there")
}
if ["api.segment.io", "events.eu1.segmentapis.com"].contains($verify_host) {
  root = root.append("field verify.endpoint is a host of the Tracking API, and not of the Public API: leave it out")
}
`
