package frontdoor

// lintRule holds every check that a config can be put to without running it. The
// linter runs it, and so does the constructor.
const lintRule = `
let address = this.address.or("127.0.0.1:8080").string().trim()
let port = $address.re_replace("^.*:", "")
let keys = this.write_keys.or([]).map_each(key -> key.string().trim())
let prefix = this.path_prefix.or("").string().trim()
let origins = this.cors.or({}).allowed_origins.or(["*"]).map_each(origin -> origin.string().trim())
let proxies = this.trusted_proxies.or([]).map_each(proxy -> proxy.string().trim())
let public = this.public_url.or("").string().trim()
let public_url = $public.parse_url().catch({})
let tls = [this.tls.or({}).cert_file.or(""), this.tls.or({}).key_file.or("")].map_each(file -> file.string().trim())
let some_time = "^(?:[0-9]*[.]?[0-9]*(?:ns|us|µs|ms|s|m|h))+$"
let times = [
  ["timeout", this.timeout.or("4s").string()],
  ["body_timeout", this.body_timeout.or("30s").string()],
].filter(t -> !(t.index(1).re_match($some_time) && t.index(1).re_match("[1-9]")))
let request_bytes = this.max_request_bytes.or(8388608).number().catch(0)
let pending_bytes = this.max_pending_bytes.or(67108864).number().catch(0)
let counts = [
  ["max_pending", this.max_pending.or(5000).number().catch(0)],
  ["max_request_events", this.max_request_events.or(10000).number().catch(0)],
  ["max_connections", this.max_connections.or(20000).number().catch(0)],
].filter(c -> c.index(1) < 1 || c.index(1) > 10000000)

root = [
  if !$address.contains(":") || !$port.re_match("^[0-9]{1,5}$") || $port.number().catch(65536) > 65535 { "field address must be a host and a port, such as 0.0.0.0:8080" } else { deleted() },
  if $keys.contains("") { "field write_keys has an empty entry, which is neither a key nor any key: set the variable that it comes from, or leave the list empty to accept any key" } else { deleted() },
  if $prefix.contains("?") || $prefix.contains("#") || $prefix.contains("://") { "field path_prefix must be a path, such as /events" } else { deleted() },
  if $prefix.re_match("/v1/*$") { "field path_prefix must not end with /v1: the routes have it, and are served at its front" } else { deleted() },
  if $origins.any(origin -> origin != "*" && !origin.re_match("^[A-Za-z][A-Za-z0-9+.-]*://([*][.])?[^/*?#@]+$")) { "field cors.allowed_origins has an entry that is not an origin: write https://shop.example.com, https://*.example.com or *" } else { deleted() },
  if $proxies.any(proxy -> !proxy.re_match("^[0-9a-fA-F.:]+(/[0-9]{1,3})?$")) { "field trusted_proxies must list addresses and networks, such as 10.0.0.0/8 or ::1" } else { deleted() },
  if $public != "" && (!["http", "https"].contains($public_url.scheme.or("")) || $public_url.host.or("") == "") { "field public_url needs a scheme and a host, as in https://t.example.com" } else { deleted() },
  if $public.contains("?") || $public.contains("#") || $public_url.exists("user") { "field public_url must be a base URL, without a user, a query or a fragment" } else { deleted() },
  if $tls.any(file -> file != "") && $tls.any(file -> file == "") { "field tls needs cert_file and key_file together: set both, or none" } else { deleted() },
  if $times.length() > 0 { "field " + $times.index(0).index(0) + " must be a duration of more than 0s, such as 4s" } else { deleted() },
  if !this.gather.or("2ms").string().re_match($some_time) { "field gather must be a duration, such as 2ms; 0s waits for nothing" } else { deleted() },
  if $counts.length() > 0 { "field " + $counts.index(0).index(0) + " must be from 1 to 10000000" } else { deleted() },
  if $request_bytes < 1024 || $request_bytes > 1073741824 { "field max_request_bytes must be from 1024 to 1073741824" } else { deleted() },
  if $pending_bytes < 2 * $request_bytes { "field max_pending_bytes must be at least twice max_request_bytes" } else { deleted() },
]
`
