// Package inbox keeps what a sandbox received: the calls, and the requests
// that brought them. It numbers and counts them, finds duplicates, and answers
// questions about them: which calls match a filter, who a person is, whether
// everything arrived in order. It knows nothing about HTTP.
//
// Records do not change once they are in the inbox. A reader takes a list of
// them and looks at it without holding the lock.
package inbox
