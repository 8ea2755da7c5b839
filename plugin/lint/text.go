package lint

import (
	"encoding/base64"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// variable is what the engine fills in before it reads the YAML, and escaped what
// becomes such a text by losing a pair of braces.
var (
	variable = regexp.MustCompile(`\$\{([0-9A-Za-z_.]+)(:((?:\$\{[^}]+\}|[^}])*?))?(\|[0-9A-Za-z]+)?\}`)
	escaped  = regexp.MustCompile(`\$\{(\{[0-9A-Za-z_.]+(:((\$\{[^}]+\})|[^}])*)?\})\}`)
)

// text is a config with the values of its variables in their places, as the
// engine reads it, and where everything stood before.
type text struct {
	filled string
	// unset are the variables that have neither a value nor a default.
	unset []unset
	// foreign are references that the engine does not follow, though other programs
	// do.
	foreign []foreign
	moves   map[int][]move
}

// unset is a variable without a value.
type unset struct {
	name         string
	line, column int
}

// move says that what follows a variable on its line stands elsewhere than in the
// file.
type move struct {
	// column is where the variable stands in the file, and from and to where its
	// value begins and ends in the text.
	column, from, to int
	by               int
}

// lookup finds the value of a variable.
type lookup func(name string) (string, bool)

// fill puts the values of variables into their places.
func fill(raw string, find lookup) text {
	t := text{moves: map[int][]move{}}
	var filled strings.Builder
	line, last := 1, 0
	// column is that of what comes next in the file, and shift what has to be
	// added to get that in the text.
	column, shift := 1, 0
	advance := func(part string) {
		if breaks := strings.Count(part, "\n"); breaks > 0 {
			line, column, shift = line+breaks, 1, 0
			part = part[strings.LastIndexByte(part, '\n')+1:]
		}
		column += utf8.RuneCountInString(part)
	}
	for _, at := range variable.FindAllStringSubmatchIndex(raw, -1) {
		filled.WriteString(raw[last:at[0]])
		advance(raw[last:at[0]])
		value, isSet := valueOf(raw, at, find)
		if !isSet {
			t.unset = append(t.unset, unset{raw[at[2]:at[3]], line, column})
		}
		if name := raw[at[2]:at[3]]; at[4] >= 0 && isForeign(name, find) && !isComment(raw[:at[0]]) {
			t.foreign = append(t.foreign, foreign{name, line, column})
		}
		filled.WriteString(value)
		length := utf8.RuneCountInString(value)
		from := column + shift
		by := utf8.RuneCountInString(raw[at[0]:at[1]]) - length
		t.moves[line] = append(t.moves[line], move{column, from, from + length, by})
		shift -= by
		advance(raw[at[0]:at[1]])
		last = at[1]
	}
	filled.WriteString(raw[last:])
	t.filled = escaped.ReplaceAllString(filled.String(), "$$$1")
	return t
}

// valueOf returns what is filled in for a match of variable.
func valueOf(raw string, at []int, find lookup) (value string, isSet bool) {
	value, isSet = find(raw[at[2]:at[3]])
	if hasPreset := at[4] >= 0; hasPreset {
		isSet = true
		if value == "" {
			value = raw[at[6]:at[7]]
		}
	}
	if at[8] >= 0 && raw[at[8]:at[9]] == "|base64decode" {
		// Where it is no Base64, the engine says so.
		if decoded, err := base64.StdEncoding.DecodeString(value); err == nil {
			value = string(decoded)
		}
	}
	return strings.ReplaceAll(value, "\n", `\n`), isSet
}

// column returns where something stood in the file that is here in the text.
func (t text) column(line, column int) int {
	moved := 0
	for _, m := range t.moves[line] {
		switch {
		case column < m.from:
			return column + moved
		case column < m.to:
			return m.column
		}
		moved += m.by
	}
	return column + moved
}

// isOfUnset says whether something is wrong only because the variable in its place
// has no value, which is said already. A quote may stand before the variable.
func (t text) isOfUnset(f finding) bool {
	return !f.isInFile && slices.ContainsFunc(t.unset, func(u unset) bool {
		before := u.column - t.column(f.line, f.column)
		return u.line == f.line && (before == 0 || before == 1)
	})
}

// sentence says what is missing.
func (u unset) sentence() string {
	return fmt.Sprintf("the environment variable %s is not set and has no default: set it, or write ${%s:default}", u.name, u.name)
}

// foreign is a reference such as ${file:/run/secrets/key}, with which other
// programs read a file or ask a service for a secret. The engine knows variables and
// their defaults only: it puts the text after the colon into its place, and says
// nothing.
type foreign struct {
	scheme       string
	line, column int
}

// schemes are the first words of such references, in small letters as others write
// them: ${FILE:…} is a variable.
var schemes = []string{"file", "env", "secret", "secrets", "vault", "ssm", "sops"}

// isForeign says whether a variable is a reference of another kind. One that is set
// is a variable after all.
func isForeign(name string, find lookup) bool {
	_, isSet := find(name)
	return !isSet && slices.Contains(schemes, name)
}

// isComment says whether what comes after a text is in a comment of YAML that has
// its line for itself.
func isComment(before string) bool {
	line := before[strings.LastIndexByte(before, '\n')+1:]
	return strings.HasPrefix(strings.TrimSpace(line), "#")
}

// unsaid are findings about the references of which nothing else is said. A quote
// may stand before one.
func (t text) unsaid(said []finding) (found []finding) {
	for _, f := range t.foreign {
		isSaid := slices.ContainsFunc(said, func(s finding) bool {
			before := f.column - t.column(s.line, s.column)
			return !s.isInFile && s.line == f.line && (before == 0 || before == 1)
		})
		if !isSaid {
			found = append(found, f.finding())
		}
	}
	return found
}

func (f foreign) finding() finding {
	do := "set a variable from it before the start, and write ${VARIABLE}"
	switch f.scheme {
	case "file":
		do = "set a variable from the file before the start, or where messages are interpolated, as in write_key, write ${! file(path: \"…\", no_cache: true).string() }"
	case "env":
		do = "write ${VARIABLE} for an environment variable"
	}
	return finding{line: f.line, column: f.column, isInFile: true, text: fmt.Sprintf(
		"${%s:…} is read as a variable that is called %s, and what comes after the colon as its default: nothing is looked up; %s", f.scheme, f.scheme, do,
	)}
}

// inYAML is how the parser says where it gave up.
var inYAML = regexp.MustCompile(`^yaml: (?:unmarshal errors:\n  )?line ([0-9]+): (.*)`)

// notYAML is a finding about a file that is no YAML.
func notYAML(err error) finding {
	f := finding{line: 1, column: 1, text: err.Error()}
	match := inYAML.FindStringSubmatch(f.text)
	if match == nil {
		return f
	}
	f.line, _ = strconv.Atoi(match[1])
	f.text = "this is not YAML: " + match[2]
	if strings.Contains(match[2], "cannot start any token") {
		f.text += "; YAML is indented with blanks and never with tabs, and texts that begin with a special character need quotes"
	}
	return f
}

// Resolve returns a configuration with its variables filled in, as the engine does
// before it reads the YAML. One that has neither a value nor a default leaves its
// place empty.
func Resolve(config []byte, find func(name string) (value string, isSet bool)) []byte {
	return []byte(fill(string(config), find).filled)
}
