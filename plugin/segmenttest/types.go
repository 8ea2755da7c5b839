package segmenttest

import (
	"benthos-segment/internal/sandbox"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/tokens"
	"benthos-segment/internal/sandbox/workspace"
)

// Config is what can be chosen about a server; the zero value is the real
// service as far as it is known. Strict answers 400 where Segment would silently
// discard, WriteKeys are the only keys to accept, OAuth asks for access tokens,
// and the fields that begin with Max lower the limits and the room for calls.
type Config = sandbox.Config

// OAuth says who gets an access token: PublicKey verifies what a sender signs.
type OAuth = tokens.Config

// TokenRequest is one request for an access token: ReceivedAt, Status, Refusal.
type TokenRequest = tokens.Request

// Call is one call that arrived. Raw has its exact bytes; Type, Name, MessageID,
// UserID, AnonymousID, PreviousID, GroupID, Timestamp and WriteKey what it says;
// Seq, Request, Attempt, Accepted, Duplicate, Violations and Warnings what became
// of it.
type Call = inbox.Call

// Violation is a rule that a call breaks: Code, Field and Message.
type Violation = inbox.Violation

// Request is one request that arrived, whatever became of it. Status is the
// status of its answer, 0 if the connection was cut; MessageIDs are those of its
// calls; Header, RetryCount, SentAt, Bytes and BytesOnWire are what was sent.
type Request = inbox.Request

// FaultRef says which fault struck a request, and how.
type FaultRef = inbox.FaultRef

// Summary counts what arrived. It prints as two lines.
type Summary = inbox.Summary

// Match chooses calls by Type, User, Event (with * for any text), Group,
// MessageID, WriteKey, Path or Text. Empty members match any call.
type Match = inbox.Match

// Filter chooses calls by a Match and by Violation, Warning, Duplicate, Accepted,
// Status or Since.
type Filter = inbox.Filter

// Fault is a failure to inject. Fail, Drop, LostAck and Delay make the usual ones.
type Fault = faults.Fault

// FaultState is a fault that was injected, with its ID, Hits and Remaining.
type FaultState = faults.State

// Workspace says which sources Segment's Public API tells of, and what the
// workspace or the token is without. Once there are sources, calls with the key of
// none of them, or of a disabled one, are discarded, and so are those that the
// Settings of a source do not let pass because of its TrackingPlan.
type Workspace = workspace.Settings

// Source is one of them: Name, WriteKeys, Disabled, TrackingPlan and Settings.
type Source = workspace.Source

// TrackingPlan is what a source follows: its Name, and its Rules as the Public API
// shows them.
type TrackingPlan = workspace.TrackingPlan

// ParseFilter reads a filter in the form of the page and the API:
//
//	type:track user:42 event:"Order*" violation:any -path:/v1/import tea
func ParseFilter(text string) (Filter, error) { return inbox.ParseFilter(text) }
