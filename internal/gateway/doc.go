// Package gateway is the front door: it takes the HTTP requests of the SDKs of
// RudderStack and Segment, makes of each event what its own server would have
// seen, hands the events out in batches, and answers a request when all of its
// events are safe.
//
// A request goes through these hands, each in a file of its own:
//
//	ServeHTTP (routes.go)   finds out what the request is for
//	take (intake.go)        reads it, within bounds, and makes events of it
//	queue (queue.go)        holds it until Read takes it, with its neighbours
//	Batch.Settle            says what became of its events
//	answers (answer.go)     what the SDK is told, so that it does the right thing
//
// Invariants:
//
//   - 200 means that every event of the request was acknowledged.
//   - A request is queued, then handed out, then settled. Whoever takes it out of
//     the first state, by handing it out or by withdrawing it, gives its room back
//     exactly once.
//   - What is in memory is bounded: bodies while they are read, and events from the
//     moment they are made until they are settled or withdrawn.
//   - A client that goes away takes nothing back: pages do not wait for the answer
//     to a beacon.
package gateway
