package doctor

import (
	"fmt"
	"maps"
	"slices"
)

// found is a segment output in a config.
type found struct {
	path   string
	fields map[string]any
	// after are the outputs behind it in its fallback, and nil where it is in
	// none.
	after []any
}

// find returns the segment outputs of a part of a config, wherever they are.
func find(node any, path string, after []any) (all []found) {
	switch node := node.(type) {
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(node)) {
			all = append(all, findIn(name, node[name], path+"."+name, after)...)
		}
	case []any:
		for i := range node {
			all = append(all, find(node[i], fmt.Sprintf("%s.%d", path, i), after)...)
		}
	}
	return all
}

func findIn(name string, value any, path string, after []any) []found {
	fields, isObject := value.(map[string]any)
	if _, isOutput := fields[fieldWriteKey]; name == "segment" && isObject && isOutput {
		return []found{{path, fields, after}}
	}
	list, isList := value.([]any)
	if name != "fallback" || !isList {
		return find(value, path, after)
	}
	var all []found
	for i := range list {
		all = append(all, find(list[i], fmt.Sprintf("%s.%d", path, i), list[i+1:])...)
	}
	return all
}

// names says whether there is a member of this name in a part of a config, with
// whatever fields.
func names(node any, name string) bool {
	switch node := node.(type) {
	case map[string]any:
		for key, value := range node {
			if key == name || names(value, name) {
				return true
			}
		}
	case []any:
		return slices.ContainsFunc(node, func(one any) bool { return names(one, name) })
	}
	return false
}

// follow puts output resources into the places where they are used, so that what
// takes their dead letters is seen.
func follow(node any, resources map[string]any) any {
	switch node := node.(type) {
	case map[string]any:
		if label, isText := node["resource"].(string); isText && resources[label] != nil {
			rest := maps.Clone(resources)
			delete(rest, label) // one that uses itself ends here
			return follow(resources[label], rest)
		}
		followed := make(map[string]any, len(node))
		for name, value := range node {
			followed[name] = follow(value, resources)
		}
		return followed
	case []any:
		followed := make([]any, len(node))
		for i := range node {
			followed[i] = follow(node[i], resources)
		}
		return followed
	}
	return node
}

// resourcesOf are the output resources of a config by their labels.
func resourcesOf(config map[string]any) map[string]any {
	resources := map[string]any{}
	list, _ := config["output_resources"].([]any)
	for _, one := range list {
		resource, _ := one.(map[string]any)
		if label, _ := resource["label"].(string); label != "" {
			resources[label] = one
		}
	}
	return resources
}
