package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"
	"gopkg.in/yaml.v3"
)

// scrubbed is what the engine shows in place of a secret.
const scrubbed = "!!!SECRET_SCRUBBED!!!"

// scrubber takes secrets out of what the engine shows of a config: what came
// from the environment, what its components declare to be secret, the passwords
// of URLs, and what is named like a secret.
type scrubber struct {
	environment *environment
	marshaller  *service.StreamConfigMarshaller

	mu sync.Mutex
	// secrets are those of all configs that were seen. An error may repeat one.
	secrets map[string]bool
}

func newScrubber(e *environment) *scrubber {
	schema := service.GlobalEnvironment().CoreConfigSchema(Version, DateBuilt)
	return &scrubber{
		environment: e,
		marshaller:  schema.NewStreamConfigMarshaller().SetScrubSecrets(true),
		secrets:     map[string]bool{},
	}
}

// config scrubs the config of a stream in place, and returns it. One that
// cannot be read is not shown at all.
func (s *scrubber) config(conf any) any {
	if err := s.learn(conf); err != nil {
		return scrubbed
	}
	return s.value("", conf)
}

// asTexts is a copy with texts for numbers: the engine cannot scrub a secret
// that looks like a number.
func asTexts(v any) any {
	switch v := v.(type) {
	case map[string]any:
		texts := make(map[string]any, len(v))
		for name := range v {
			texts[name] = asTexts(v[name])
		}
		return texts
	case []any:
		texts := make([]any, len(v))
		for i := range v {
			texts[i] = asTexts(v[i])
		}
		return texts
	case json.Number, int, int64, uint64, float64:
		return fmt.Sprint(v)
	default:
		return v
	}
}

// learn remembers the secrets of a config. The engine shows it with a mark in
// the place of each, and with its defaults.
func (s *scrubber) learn(conf any) error {
	conf = asTexts(conf)
	text, err := s.marshaller.AnyToYAML(conf)
	if err != nil {
		return fmt.Errorf("looking for secrets: %w", err)
	}
	var marked any
	if err := yaml.Unmarshal([]byte(text), &marked); err != nil {
		return fmt.Errorf("looking for secrets: %w", err)
	}
	return s.compare(marked, conf)
}

// compare adds what stands where the marks are. It fails where there is a mark
// and the config has nothing in that place, since it has it elsewhere then.
func (s *scrubber) compare(marked, conf any) error {
	switch m := marked.(type) {
	case map[string]any:
		members, _ := conf.(map[string]any)
		for name := range m {
			if err := s.compare(m[name], members[name]); err != nil {
				return err
			}
		}
	case []any:
		elements, _ := conf.([]any)
		for i := range m {
			if err := s.compare(m[i], at(elements, i)); err != nil {
				return err
			}
		}
	case string:
		secret, isText := conf.(string)
		if m != scrubbed || secret == scrubbed {
			return nil
		}
		if !isText {
			return errors.New("looking for secrets: one is in another place")
		}
		s.add(secret)
	}
	return nil
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// learnNamed remembers what is named like a secret, also where a config is of
// a part, or of a resource.
func (s *scrubber) learnNamed(name string, v any) {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			s.learnNamed(name, v[name])
		}
	case []any:
		for i := range v {
			s.learnNamed(name, v[i])
		}
	case string:
		if isNamedSecret(name) && !isReference(v) {
			s.add(v)
		}
	}
}

func (s *scrubber) add(secret string) {
	if secret == "" || secret == scrubbed {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.secrets[secret] = true
}

var (
	secretName = regexp.MustCompile(`(?i)authorization|cookie|token|secret|passw|api.?key|private.?key|write.?key|credential`)
	publicName = regexp.MustCompile(`(?i)_(url|file|path|type|header|algorithm)$`)
)

func isNamedSecret(name string) bool {
	return secretName.MatchString(name) && !publicName.MatchString(name)
}

// value scrubs a value that has that name, in place, and returns it.
func (s *scrubber) value(name string, v any) any {
	switch v := v.(type) {
	case map[string]any:
		for name := range v {
			v[name] = s.value(name, v[name])
		}
		return v
	case []any:
		for i := range v {
			v[i] = s.value(name, v[i])
		}
		return v
	case string:
		text := s.text(v)
		if isNamedSecret(name) && text != "" && !isReference(text) {
			return scrubbed
		}
		return text
	case json.Number:
		if s.isSecret(v.String()) {
			return scrubbed
		}
	}
	return v
}

func isReference(text string) bool { return reference.FindString(text) == text }

func (s *scrubber) isSecret(text string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.secrets[text]
}

var password = regexp.MustCompile(`(://[^/\s:@"']*):[^/\s@"']+@`)

// text scrubs a text, which may be an error that quotes a config.
func (s *scrubber) text(text string) string {
	if s.isSecret(text) && s.environment.hide(text) == text {
		return scrubbed
	}
	text = s.environment.hide(text)
	s.mu.Lock()
	secrets := map[string]string{}
	for secret := range s.secrets {
		if len(secret) >= tellingLength {
			secrets[secret] = scrubbed
		}
	}
	s.mu.Unlock()
	text = replaceAll(text, secrets)
	return password.ReplaceAllString(text, "$1:"+scrubbed+"@")
}
