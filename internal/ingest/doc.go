// Package ingest reads the HTTP requests of the SDKs of Segment and RudderStack:
// what a path is for, whose write key a request carries, its body within
// bounds, and the events in it. It has the documents that SDKs ask for before
// they send, too, and the headers by which browsers let them.
//
// It does not decide about a request and does not answer it. The order of use is
//
//	route, known := ingest.RouteOf(r.URL.Path)
//	creds, err := ingest.CredentialsOf(r)
//	body, err := reader.Read(r)
//	defer body.Release()
//	envelope, err := ingest.OpenBatch(body.Bytes, bounds)
//
// Nothing is copied on the way: events, context and integrations are parts of
// the body, and valid until it is released.
package ingest
