package house

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// declarations are the names that Go files declare: Name for functions, types,
// constants and variables, Type.Name for methods and fields, and both with the
// name of their package in front.
type declarations map[string]bool

func (d declarations) add(pkg, name string) {
	d[name] = true
	d[pkg+"."+name] = true
}

func declaredIn(t *testing.T, files ...string) declarations {
	t.Helper()
	declared := make(declarations)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.SkipObjectResolution)
		require.NoError(t, err)
		for _, declaration := range parsed.Decls {
			declared.declare(parsed.Name.Name, declaration)
		}
	}
	return declared
}

func (d declarations) declare(pkg string, declaration ast.Decl) {
	switch declaration := declaration.(type) {
	case *ast.FuncDecl:
		d.add(pkg, receiver(declaration)+declaration.Name.Name)
	case *ast.GenDecl:
		for _, spec := range declaration.Specs {
			switch spec := spec.(type) {
			case *ast.TypeSpec:
				d.add(pkg, spec.Name.Name)
			case *ast.ValueSpec:
				for _, name := range spec.Names {
					d.add(pkg, name.Name)
				}
			}
		}
	}
}

// receiver returns the type of a method with a dot, or nothing.
func receiver(method *ast.FuncDecl) string {
	if method.Recv == nil {
		return ""
	}
	typ := method.Recv.List[0].Type
	if pointer, isPointer := typ.(*ast.StarExpr); isPointer {
		typ = pointer.X
	}
	if generic, isGeneric := typ.(*ast.IndexExpr); isGeneric {
		typ = generic.X
	}
	return typ.(*ast.Ident).Name + "."
}

const architecture = "ARCHITECTURE.md"

var (
	goName     = regexp.MustCompile(`^[A-Za-z]\w*(\.[A-Za-z]\w*)?$`)
	makeTarget = regexp.MustCompile(`^make [a-z-]+$`)
)

// foreign are words of others on that page: of events, of Segment's API, of the
// configuration and of other forms that stand for themselves.
var foreign = map[string]bool{
	"userId": true, "anonymousId": true, "previousId": true, "groupId": true,
	"batch": true, "sentAt": true, "writeKey": true, "/v1/batch": true,
	"mapping": true, "integrations": true, "parallel_requests": true,
	"max_in_flight: 1": true, "streams": true, "verify": true, "segment": true,
}

// Names rot when code is renamed, so that each of them is looked up.
func TestEveryNameOfTheArchitectureExists(t *testing.T) {
	declared := declaredIn(t, tracked(t, ".go")...)
	makefile := read(t, "Makefile")
	checked := 0
	for _, span := range codeSpan.FindAllString(prose(read(t, architecture)), -1) {
		name := strings.Trim(span, "`")
		checked++
		switch {
		case foreign[name]:
		case makeTarget.MatchString(name):
			assert.Contains(t, makefile, "\n"+strings.TrimPrefix(name, "make ")+":", name)
		case exists(name):
		case goName.MatchString(name):
			assert.True(t, declared[name], "%s is declared nowhere", name)
		default:
			assert.Fail(t, "this is neither a file nor a name", name)
		}
	}
	assert.Greater(t, checked, 100)
}

func exists(name string) bool {
	_, err := os.Stat(filepath.Join(top, filepath.FromSlash(name)))
	return err == nil
}

// stop is a row of the trip of a message.
type stop struct{ file, function string }

func tripOf(t *testing.T) (stops []stop) {
	t.Helper()
	row := regexp.MustCompile("(?m)^\\| [0-9]+ \\| `([^`]+)` \\| `([^`]+)` \\|")
	for _, found := range row.FindAllStringSubmatch(read(t, architecture), -1) {
		stops = append(stops, stop{found[1], found[2]})
	}
	return stops
}

// A reader comes from WriteBatch to the wire and back in ten stops at most, and
// never to a file that was left.
func TestTheTripOfAMessageIsShort(t *testing.T) {
	stops := tripOf(t)
	require.NotEmpty(t, stops)
	assert.LessOrEqual(t, len(stops), 10)
	assert.Equal(t, stop{"plugin/output.go", "output.WriteBatch"}, stops[0])
	seen := make(map[string]bool)
	for _, s := range stops {
		assert.False(t, seen[s.file], "%s is a stop twice", s.file)
		seen[s.file] = true
		assert.True(t, declaredIn(t, s.file)[s.function], "%s is not declared in %s", s.function, s.file)
	}
}

// Each package has a sentence that says what it is for.
func TestEveryPackageSaysWhatItIsFor(t *testing.T) {
	documented := make(map[string]bool)
	for _, file := range tracked(t, ".go") {
		parsed, err := parser.ParseFile(token.NewFileSet(), filepath.Join(top, file), nil, parser.ParseComments|parser.PackageClauseOnly)
		require.NoError(t, err)
		folder := path.Dir(file)
		documented[folder] = documented[folder] || parsed.Doc != nil
	}
	for folder, isDocumented := range documented {
		assert.True(t, isDocumented, "%s has no comment above its package clause", folder)
	}
}
