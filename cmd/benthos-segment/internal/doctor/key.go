package doctor

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"benthos-segment/cmd/internal/command"
)

var (
	// usualKey is what Segment gives out. Older keys are shorter.
	usualKey    = regexp.MustCompile(`^[A-Za-z0-9_-]{10,64}$`)
	placeholder = regexp.MustCompile(`(?i)^(<.*>|\[.*\]|x+|\*+|(your|my|the|a)?[-_ ]*(segment[-_ ]*)?write[-_ ]*key.*|changeme|todo|secret|test|example)$`)
)

// writeKey looks at a write key without showing it.
func (e *examination) writeKey(o output) {
	const check = "write key"
	raw, _ := o.fields[fieldWriteKey].(string)
	key := strings.TrimSpace(raw)
	fix := "copy it from the settings of the source at Segment, under API keys, into SEGMENT_WRITE_KEY"
	switch {
	case key == "" && o.isRefused: // lint has said it
	case key == "":
		e.say(check, o.about(), wrong, "there is none", fix)
	case strings.Contains(key, "${!"):
		e.say(check, o.about(), good, "it comes with each message", "")
	case placeholder.MatchString(key):
		e.say(check, o.about(), wrong, "it is a placeholder", fix)
	case strings.HasPrefix(key, "Basic ") || isEncoded(key):
		e.say(check, o.about(), wrong, "it is a header for Basic authentication", "write the key alone, which the output encodes itself")
	case strings.HasPrefix(key, "sgp_"):
		e.say(check, o.about(), wrong, "it is a token of the Public API", fix)
	case !usualKey.MatchString(key):
		e.say(check, o.about(), warning, fmt.Sprintf("it has %s and does not look like one of Segment", command.Count(len(key), "character")), fix)
	default:
		e.say(check, o.about(), good, fmt.Sprintf("it is there and has %s; Segment tells nobody whether it is right", command.Count(len(key), "character")), "")
	}
}

// isEncoded says whether a text is a key with the colon of Basic authentication
// in Base64.
func isEncoded(key string) bool {
	decoded, err := base64.StdEncoding.DecodeString(key)
	return err == nil && strings.HasSuffix(string(decoded), ":")
}

// deadLetters looks at what takes the events that are refused.
func (e *examination) deadLetters(o output) {
	const check = "dead letters"
	if len(o.deadLetters) == 0 {
		e.say(check, o.about(), warning, "nothing takes what is refused, so that it is delivered again and again",
			"make this output the first of a fallback with another behind it")
		return
	}
	next, _ := o.deadLetters[0].(map[string]any)
	if _, isDropped := next["drop"]; isDropped {
		e.say(check, o.about(), warning, "what is refused is dropped", "let a file or a topic take it, to repair it later")
		return
	}
	file, isFile := next["file"].(map[string]any)
	path, _ := file["path"].(string)
	if !isFile || path == "" || strings.Contains(path, "${!") {
		e.say(check, o.about(), good, "the next output of the fallback takes them", "")
		return
	}
	if err := writable(path); err != nil {
		e.say(check, o.about(), wrong, fmt.Sprintf("the file %s cannot be written: %v", path, err), "make its folder, and let this user write there")
		return
	}
	e.say(check, o.about(), good, "they go to the file "+path, "")
}

// writable says whether a file may be appended to, and leaves nothing behind.
func writable(path string) error {
	info, err := os.Stat(path)
	if err == nil && info.IsDir() {
		return fmt.Errorf("it is a folder")
	}
	if err == nil {
		file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
		if err != nil {
			return err
		}
		return file.Close()
	}
	// The engine makes folders that are not there.
	folder := filepath.Dir(path)
	for {
		if info, err := os.Stat(folder); err == nil {
			if !info.IsDir() {
				return fmt.Errorf("%s is no folder", folder)
			}
			break
		}
		folder = filepath.Dir(folder)
	}
	trial, err := os.CreateTemp(folder, ".doctor-*")
	if err != nil {
		return err
	}
	_ = trial.Close()
	return os.Remove(trial.Name())
}
