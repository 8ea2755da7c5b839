package command

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"
)

// Arrange returns a command line with the flags of its command before the files
// that it names. Go's parser of flags, which the engine has, stops at the first
// argument that is none, and a user who adds a flag to the line that he has just
// typed adds it at the end.
func Arrange(app *cli.App, args []string) []string {
	if len(args) == 0 {
		return nil
	}
	arranged, rest := args[:1:1], args[1:]
	flags, commands := app.Flags, app.Commands
	for isRoot := true; ; isRoot = false {
		before, next := leadingFlags(flags, rest)
		arranged = append(arranged, before...)
		if next == nil {
			return arranged
		}
		rest = next
		at := slices.IndexFunc(commands, func(c *cli.Command) bool { return c.HasName(rest[0]) })
		if at < 0 && isRoot {
			return append(arranged, rest...) // nobody knows this command's flags
		}
		if at < 0 {
			return append(arranged, flagsFirst(flags, rest)...)
		}
		arranged, rest = append(arranged, rest[0]), rest[1:]
		if commands[at].SkipFlagParsing {
			return append(arranged, rest...)
		}
		flags, commands = commands[at].Flags, commands[at].Subcommands
	}
}

// leadingFlags returns the flags at the front with their values, and what comes
// after them, which is nil where nothing does or where it is set off by two
// dashes, which are then part of the flags.
func leadingFlags(flags []cli.Flag, args []string) (before, rest []string) {
	for at := 0; at < len(args); {
		if args[at] == "--" {
			return args, nil
		}
		if !isFlag(args[at]) {
			return args[:at], args[at:]
		}
		at += width(flags, args[at:])
	}
	return args, nil
}

// flagsFirst sorts what follows a command: its flags, and then the rest.
func flagsFirst(flags []cli.Flag, args []string) []string {
	var first, rest []string
	for at := 0; at < len(args); {
		if args[at] == "--" {
			rest = append(rest, args[at+1:]...)
			break
		}
		if !isFlag(args[at]) {
			rest = append(rest, args[at])
			at++
			continue
		}
		wide := width(flags, args[at:])
		first = append(first, args[at:at+wide]...)
		at += wide
	}
	if len(first) == 0 && !slices.ContainsFunc(rest, isFlag) {
		return rest
	}
	return append(append(first, "--"), rest...)
}

// isFlag says whether an argument is written as a flag. A dash alone is standard
// input.
func isFlag(arg string) bool { return len(arg) > 1 && arg[0] == '-' }

// width returns how many arguments the flag at the front takes.
func width(flags []cli.Flag, args []string) int {
	if len(args) > 1 && takesValue(flags, args[0]) {
		return 2
	}
	return 1
}

// takesValue says whether the argument after a flag is its value.
func takesValue(flags []cli.Flag, arg string) bool {
	return TakesValue(FlagNamed(flags, arg)) && !strings.Contains(arg, "=")
}

// TakesValue says whether a flag is one with a value.
func TakesValue(f cli.Flag) bool {
	documented, isDocumented := f.(cli.DocGenerationFlag)
	return isDocumented && documented.TakesValue()
}

// FlagNamed returns the flag that an argument names, or nil.
func FlagNamed(flags []cli.Flag, arg string) cli.Flag {
	name, _, _ := strings.Cut(strings.TrimLeft(arg, "-"), "=")
	for _, f := range flags {
		if slices.Contains(f.Names(), name) {
			return f
		}
	}
	return nil
}
