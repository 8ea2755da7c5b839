package jsonscan

import "fmt"

// ErrorKind tells errors apart by what can be done about them.
type ErrorKind uint8

const (
	// Malformed is text that breaks the grammar.
	Malformed ErrorKind = iota
	// Truncated is text that ends too early.
	Truncated
	// NotUTF8 is text in another encoding.
	NotUTF8
	// Trailing is a good value that another one follows.
	Trailing
)

// Error says that a text is not JSON.
type Error struct {
	Kind ErrorKind
	// Offset is where in the payload, in bytes.
	Offset int
	// Found says what is there and, after a semicolon, how to fix it. It shows
	// nothing of the payload.
	Found string
}

func (e *Error) Error() string { return fmt.Sprintf("at byte %d there is %s", e.Offset, e.Found) }
