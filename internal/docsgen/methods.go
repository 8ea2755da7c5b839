package main

import (
	_ "embed"
	"errors"
	"slices"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/bloblang"
)

const methodsPageName = "bloblang.md"

//go:embed methods.md.tmpl
var methodsTemplate string

// methodsPage renders the page of the Bloblang methods whose names begin with
// a prefix.
func methodsPage(prefix string) ([]byte, error) {
	var methods []bloblang.TemplateMethodData
	bloblang.GlobalEnvironment().WalkMethods(func(name string, view *bloblang.MethodView) {
		if strings.HasPrefix(name, prefix) {
			methods = append(methods, view.TemplateData())
		}
	})
	if len(methods) == 0 {
		return nil, errors.New("there are no methods " + prefix + "*")
	}
	slices.SortFunc(methods, func(a, b bloblang.TemplateMethodData) int { return strings.Compare(b.Name, a.Name) })
	return render(methodsTemplate, methods)
}
