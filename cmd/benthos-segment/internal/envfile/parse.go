package envfile

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	blanks = " \t"
	triple = `"""`
)

// assignment is a line NAME=value.
type assignment struct{ name, value string }

// invalid says what of a line cannot be read. It has the name of the variable and
// nothing of its value, which may be a secret.
type invalid struct {
	line int
	name string
	what string
}

func (e *invalid) Error() string {
	if e.name == "" {
		return fmt.Sprintf("line %d: %s", e.line, e.what)
	}
	return fmt.Sprintf("line %d: the value of %s %s", e.line, e.name, e.what)
}

// assigned is a line as the engine reads it: a name, and blanks around the sign. A
// tab right after the name would be a part of it.
var assigned = regexp.MustCompile(`^([^= \t\r#]+)(?: [ \t]*)?=(.*)$`)

// inQuotes is what to do about most values.
const inQuotes = `: put the value in double quotes, as in NAME="value", with \" for a quote and \\ for a backslash in it`

var errHash = errors.New("has a # and no quotes, and what follows the # would be left out" + inQuotes)

// parse returns what a file sets. It refuses what the engine reads in part only, or
// as something else than is written.
func parse(text string) (all []assignment, err error) {
	if !utf8.ValidString(text) {
		return nil, &invalid{line: invalidLine(text), what: "there are bytes that are not UTF-8, and others would be read in their place: save the file as UTF-8"}
	}
	if strings.HasPrefix(text, "\ufeff") {
		return nil, &invalid{line: 1, what: "the file starts with a byte order mark, which would be part of the first name: save it as UTF-8 without one"}
	}
	for line := 1; text != ""; {
		current, rest := cutLine(text)
		trimmed := strings.Trim(current, blanks)
		if trimmed == "" || trimmed[0] == '#' {
			text, line = rest, line+1
			continue
		}
		parts := assigned.FindStringSubmatch(current)
		if parts == nil || strings.ContainsRune(current, '\r') {
			return nil, &invalid{line: line, what: "this is not NAME=value, and nothing after it would be read: write one variable a line, from its first column"}
		}
		a, written, height := assignment{name: parts[1]}, strings.TrimLeft(parts[2], blanks), 1
		if strings.HasPrefix(written, triple) {
			a.value, text, height, err = multiline(text[len(current)-len(written):])
		} else {
			a.value, err = valueOf(written)
			if strings.HasPrefix(parts[2], "#") {
				err = errHash
			}
			text = rest
		}
		if err != nil {
			return nil, &invalid{line: line, name: a.name, what: err.Error()}
		}
		all = append(all, a)
		line += height
	}
	return all, nil
}

// cutLine returns the first line of a text, and what comes after it.
func cutLine(text string) (line, rest string) {
	line, rest, isEnded := strings.Cut(text, "\n")
	if isEnded {
		line = strings.TrimSuffix(line, "\r")
	}
	return line, rest
}

// multiline reads the value in triple quotes that begins in the first line of a text,
// and returns what comes after its last line.
func multiline(text string) (value, rest string, height int, err error) {
	_, inner, _ := strings.Cut(text, triple)
	value, tail, isClosed := strings.Cut(inner, triple)
	if !isClosed {
		return "", "", 0, errors.New("has three quotes before it and none after it: close it with three")
	}
	tail, rest = cutLine(tail)
	return value, rest, strings.Count(value, "\n") + 1, checkTail(tail)
}

// valueOf reads a value that ends with its line.
func valueOf(written string) (string, error) {
	if strings.HasPrefix(written, `"`) {
		return quoted(written)
	}
	if strings.HasPrefix(written, "'") {
		return "", errors.New("is in single quotes, which would be part of it" + inQuotes)
	}
	bare := written
	if at := strings.IndexAny(written, " #"); at >= 0 {
		bare = written[:at]
	}
	if strings.ContainsRune(bare, '\t') {
		return "", errors.New("has a tab and no quotes" + inQuotes)
	}
	if tail := written[len(bare):]; tail != "" {
		if tail[0] == '#' && bare != "" {
			return "", errHash
		}
		if tail = strings.Trim(tail, blanks); tail != "" && tail[0] != '#' {
			return "", errors.New("has a blank and no quotes, and what follows the blank would be left out" + inQuotes)
		}
	}
	return bare, nil
}

// quoted reads a value in double quotes.
func quoted(written string) (string, error) {
	prefix, err := strconv.QuotedPrefix(written)
	if err != nil {
		return "", errors.New(`begins with a quote, and does not end with one or has a backslash alone: write \\ for a backslash and \" for a quote in it`)
	}
	value, err := strconv.Unquote(prefix)
	if err != nil {
		return "", err
	}
	return value, checkTail(written[len(prefix):])
}

// checkTail looks at what follows a closing quote in its line.
func checkTail(tail string) error {
	if tail = strings.Trim(tail, blanks); tail != "" && tail[0] != '#' {
		return errors.New(`goes on after its closing quote, and nothing from there on would be read: write \" for a quote in it`)
	}
	return nil
}

// invalidLine returns the number of the first line that is not UTF-8.
func invalidLine(text string) int {
	for number, line := range strings.Split(text, "\n") {
		if !utf8.ValidString(line) {
			return number + 1
		}
	}
	return 0
}
