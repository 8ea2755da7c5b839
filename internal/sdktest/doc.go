// Package sdktest tries the real SDKs of RudderStack and Segment: against the
// front door, and against the sandbox alone. It is a module of its own, so that
// nobody else downloads them.
//
// Each SDK has a small program in its own language, or a page, that makes every
// call the SDK has, in rounds. A machine that lacks a language leaves its SDKs
// out and says so.
package sdktest
