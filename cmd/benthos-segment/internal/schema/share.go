package schema

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// worthwhile is how long a schema has to be to be written once and referred to, in
// bytes.
const worthwhile = 300

// share writes schemas that are there several times once, such as that of TLS. They
// are most of a document otherwise.
func share(document object) object {
	seen := map[string]int{}
	count(document, seen)
	definitions := document["definitions"].(object)
	names := map[string]string{}
	shared := object{}
	for _, name := range slices.Sorted(maps.Keys(document)) {
		if name != "definitions" {
			document[name] = replaced(document[name], seen, names, shared)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(definitions)) {
		definition := definitions[name].(object)
		for _, member := range slices.Sorted(maps.Keys(definition)) {
			definition[member] = replaced(definition[member], seen, names, shared)
		}
	}
	maps.Copy(definitions, shared)
	return document
}

// count notes how often each schema is there.
func count(value any, seen map[string]int) {
	switch value := value.(type) {
	case object:
		if key := keyOf(value); key != "" {
			seen[key]++
			if seen[key] > 1 {
				return // what is in it is written once, too
			}
		}
		for _, member := range value {
			count(member, seen)
		}
	case []object:
		for _, element := range value {
			count(element, seen)
		}
	}
}

// keyOf tells schemas apart that are long enough.
func keyOf(schema object) string {
	// A field may be called properties, too, but not have a list for its type.
	if _, isSchema := schema["type"].([]string); !isSchema || schema["properties"] == nil {
		return ""
	}
	text, err := json.Marshal(schema)
	if err != nil || len(text) < worthwhile {
		return ""
	}
	return string(text)
}

// replaced is a value with references in the place of schemas that are shared.
func replaced(value any, seen map[string]int, names map[string]string, shared object) any {
	switch value := value.(type) {
	case object:
		key := keyOf(value)
		if key == "" || seen[key] < 2 {
			return within(value, seen, names, shared)
		}
		if names[key] == "" {
			names[key] = fmt.Sprintf("shared%d", len(names)+1)
			shared[names[key]] = within(value, seen, names, shared)
		}
		return reference(names[key])
	case []object:
		for i, element := range value {
			value[i] = replaced(element, seen, names, shared).(object)
		}
	}
	return value
}

// within replaces what is in a schema.
func within(schema object, seen map[string]int, names map[string]string, shared object) object {
	for _, name := range slices.Sorted(maps.Keys(schema)) {
		schema[name] = replaced(schema[name], seen, names, shared)
	}
	return schema
}
