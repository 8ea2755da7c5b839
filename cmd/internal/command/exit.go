// Package command is what all commands of the binary share: their exit codes,
// flags with units and choices, flags after files, suggestions for what is
// misspelt, and the help texts, which are made of the commands that there are.
package command

import (
	"errors"

	"github.com/urfave/cli/v2"
)

// Code is what the process ends with, the same for every command.
type Code int

// The exit codes.
const (
	// Good says that all is well.
	Good Code = 0
	// Wrong says that events were refused, or that something was found wrong.
	Wrong Code = 1
	// CouldNotRun says that the command could not do its work, or not all of it.
	CouldNotRun Code = 2
)

// Meanings explains the exit codes, for the help text. docs/commands.md says the
// same.
var Meanings = []struct {
	Code    Code
	Meaning string
}{
	{Good, "all is well"},
	{Wrong, "events were refused, or something was found wrong"},
	{CouldNotRun, "the command could not run, or not to its end"},
}

// found is an error of a command that did its work.
type found struct{ error }

func (f found) Unwrap() error { return f.error }

// errNothingToAdd has no text, because the command has said everything.
var errNothingToAdd = errors.New("")

// Refused returns the error of a command that did its work and has told already
// which events were refused or what is wrong. It ends the process with Wrong.
func Refused() error { return found{errNothingToAdd} }

// Found returns the error of a command that did its work and found something
// wrong, which is printed. It ends the process with Wrong.
func Found(err error) error { return found{err} }

// Failed returns the error of a command that could not do all of its work and has
// told already why. It ends the process with CouldNotRun, as every other error
// does.
func Failed() error { return errNothingToAdd }

// CodeOf returns what the process ends with after an error.
func CodeOf(err error) Code {
	if err == nil {
		return Good
	}
	var f found
	if errors.As(err, &f) {
		return Wrong
	}
	var coded cli.ExitCoder
	if errors.As(err, &coded) && coded.ExitCode() == int(Wrong) {
		return Wrong
	}
	return CouldNotRun
}
