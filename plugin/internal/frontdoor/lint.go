package frontdoor

import "benthos-segment/plugin/internal/parsed"

// lintRule holds every check that a config can be put to without running it. The
// linter runs it, and so does the constructor.
const lintRule = parsed.SomeTime + parsed.FileName + `
root = []

let address = this.address.or("127.0.0.1:8080").string().trim()
let port = $address.re_replace("^.*:", "")
if !$address.contains(":") || !$port.re_match("^[0-9]{1,5}$") || $port.number().catch(65536) > 65535 {
  root = root.append("field address must be a host and a port, such as 0.0.0.0:8080")
}

let keys = this.write_keys.or([]).map_each(key -> key.string().trim())
if $keys.contains("") {
  root = root.append("field write_keys has an empty entry, which is not a key and does not mean any key: set the variable that it comes from, or leave the list empty to accept any key")
}
if $keys.any(key -> key.re_match($file_name)) {
  root = root.append("field write_keys has the name of a file for a key, and no file is read: set a variable from the file before the start, as in ${SOURCE_WRITE_KEY}")
}

let prefix = this.path_prefix.or("").string().trim()
if $prefix.contains("?") || $prefix.contains("#") || $prefix.contains("://") {
  root = root.append("field path_prefix must be a path, such as /events")
}
if $prefix.re_match("/v1/*$") {
  root = root.append("field path_prefix must not end with /v1: the routes begin with it, and path_prefix goes in front of them")
}

let origins = this.cors.or({}).allowed_origins.or(["*"]).map_each(origin -> origin.string().trim())
if $origins.any(origin -> origin != "*" && !origin.re_match("^[A-Za-z][A-Za-z0-9+.-]*://([*][.])?[^/*?#@]+$")) {
  root = root.append("field cors.allowed_origins has an entry that is not an origin: write https://shop.example.com, https://*.example.com or *")
}

let proxies = this.trusted_proxies.or([]).map_each(proxy -> proxy.string().trim())
if $proxies.any(proxy -> !proxy.re_match("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$")) {
  root = root.append("field trusted_proxies must list addresses and networks, such as 10.0.0.0/8 or ::1")
}

let public = this.public_url.or("").string().trim()
let public_url = $public.parse_url().catch({})
if $public != "" && (!["http", "https"].contains($public_url.scheme.or("")) || $public_url.host.or("") == "") {
  root = root.append("field public_url must begin with http:// or https://, followed by a host, as in https://t.example.com")
}
if $public.contains("?") || $public.contains("#") || $public_url.exists("user") {
  root = root.append("field public_url must be a base URL, without a user, a query or a fragment")
}

let tls = [this.tls.or({}).cert_file.or(""), this.tls.or({}).key_file.or("")].map_each(file -> file.string().trim())
if $tls.any(file -> file != "") && $tls.any(file -> file == "") {
  root = root.append("field tls needs cert_file and key_file together: set both, or none")
}

let timeout = this.timeout.or("1s").string()
if !($timeout.re_match($some_time) && $timeout.re_match("[1-9]")) {
  root = root.append("field timeout must be a duration of more than 0s, such as 4s")
}
let body_timeout = this.body_timeout.or("1s").string()
if !($body_timeout.re_match($some_time) && $body_timeout.re_match("[1-9]")) {
  root = root.append("field body_timeout must be a duration of more than 0s, such as 30s")
}
if !this.gather.or("2ms").string().re_match($some_time) {
  root = root.append("field gather must be a duration, such as 2ms; 0s waits for nothing")
}

let max_pending = this.max_pending.or(1).number().catch(0)
if $max_pending < 1 || $max_pending > 10000000 {
  root = root.append("field max_pending must be from 1 to 10000000")
}
let max_request_events = this.max_request_events.or(1).number().catch(0)
if $max_request_events < 1 || $max_request_events > 10000000 {
  root = root.append("field max_request_events must be from 1 to 10000000")
}
let max_connections = this.max_connections.or(1).number().catch(0)
if $max_connections < 1 || $max_connections > 10000000 {
  root = root.append("field max_connections must be from 1 to 10000000")
}

let request_bytes = this.max_request_bytes.or(8388608).number().catch(0)
let pending_bytes = this.max_pending_bytes.or(67108864).number().catch(0)
if $request_bytes < 1024 || $request_bytes > 1073741824 {
  root = root.append("field max_request_bytes must be from 1024 to 1073741824")
}
if $pending_bytes < 2 * $request_bytes {
  root = root.append("field max_pending_bytes must be at least twice max_request_bytes")
}
`
