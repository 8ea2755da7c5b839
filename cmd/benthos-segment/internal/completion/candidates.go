package completion

import (
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

// Candidate is a word that may stand under the cursor.
type Candidate struct{ Word, Does string }

// Candidates returns what may stand in the place of the last word, which is the
// one under the cursor and may be empty. It returns nothing where that is the
// name of a file, or anything else that only the user knows.
func Candidates(app *cli.App, words []string) []Candidate {
	words = joined(words)
	if len(words) == 0 {
		words = []string{""}
	}
	current := words[len(words)-1]
	at := placeOf(app, words[:len(words)-1])
	switch {
	case at.flag != nil:
		return choices(at.flag, "", current)
	case at.isOver:
		return nil
	case strings.HasPrefix(current, "-"):
		name, value, hasValue := strings.Cut(current, "=")
		if f := command.FlagNamed(at.flags, name); hasValue && f != nil {
			return choices(f, name+"=", value)
		}
		return flags(at.flags, current)
	default:
		return commands(at.commands, current)
	}
}

// joined puts together what bash takes apart: it breaks words at equals signs.
func joined(words []string) (whole []string) {
	for n, word := range words {
		last := len(whole) - 1
		isValue := n > 0 && words[n-1] == "="
		if last >= 0 && (word == "=" && strings.HasPrefix(whole[last], "-") || isValue && strings.HasSuffix(whole[last], "=")) {
			whole[last] += word
			continue
		}
		whole = append(whole, word)
	}
	return whole
}

// place is where on a command line the cursor stands.
type place struct {
	flags    []cli.Flag
	commands []*cli.Command
	// flag is the one whose value stands there, or nil.
	flag cli.Flag
	// isOver says that no flag and no command comes any more.
	isOver bool
}

// placeOf reads the words before the cursor.
func placeOf(app *cli.App, words []string) place {
	p := place{flags: app.VisibleFlags(), commands: app.Commands}
	for at := 0; at < len(words); at++ {
		word := words[at]
		switch {
		case word == "--":
			return place{isOver: true}
		case strings.HasPrefix(word, "-") && len(word) > 1:
			f := command.FlagNamed(p.flags, word)
			if f == nil || strings.Contains(word, "=") || !command.TakesValue(f) {
				continue
			}
			if at++; at == len(words) {
				return place{flag: f}
			}
		default:
			i := slices.IndexFunc(p.commands, func(c *cli.Command) bool { return c.HasName(word) })
			if i < 0 {
				p.commands = nil // it is a file, and more of them may follow
				continue
			}
			p.flags, p.commands = p.commands[i].Flags, p.commands[i].Subcommands
		}
	}
	return p
}

func choices(f cli.Flag, prefix, current string) (found []Candidate) {
	for _, name := range command.Choices(f) {
		if strings.HasPrefix(name, current) {
			found = append(found, Candidate{Word: prefix + name})
		}
	}
	return found
}

func flags(all []cli.Flag, current string) (found []Candidate) {
	for _, f := range all {
		if visible, ok := f.(cli.VisibleFlag); ok && !visible.IsVisible() {
			continue
		}
		for _, name := range f.Names() {
			word := command.Dashed(name)
			if strings.HasPrefix(word, current) {
				found = append(found, Candidate{word, usage(f)})
			}
		}
	}
	slices.SortFunc(found, func(a, b Candidate) int { return strings.Compare(a.Word, b.Word) })
	return slices.CompactFunc(found, func(a, b Candidate) bool { return a.Word == b.Word })
}

// usage returns the first sentence about a flag.
func usage(f cli.Flag) string {
	documented, isDocumented := f.(cli.DocGenerationFlag)
	if !isDocumented {
		return ""
	}
	return firstLine(strings.ReplaceAll(documented.GetUsage(), "`", ""))
}

func commands(all []*cli.Command, current string) (found []Candidate) {
	for _, c := range all {
		if !c.Hidden && strings.HasPrefix(c.Name, current) {
			found = append(found, Candidate{c.Name, firstLine(c.Usage)})
		}
	}
	// Where a command has files and not others below it, help is no candidate.
	if len(found) == 1 && found[0].Word == "help" && current == "" {
		return nil
	}
	return found
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return strings.ReplaceAll(line, "\t", " ")
}
